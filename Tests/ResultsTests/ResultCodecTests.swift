import Results
import Testing

@Suite struct ResultCodecTests {
  private static var record: ResultRecord {
    var figures = ReadingFigures()
    figures.tokensRead = 123
    figures.notes = ["dense"]
    return ResultRecord(
      task: "ask", question: "Who?",
      document: .init(name: "b.txt", sha256: "00", bytes: 7, tokens: 123),
      answer: "Nobody — 誰も\u{0}",
      supported: true, evidence: [Quote(start: 1, end: 4, quote: "é\n漢", score: 0.5)],
      model: .init(name: "m", sha256: "ff"),
      reading: figures, worker: "w")
  }

  @Test func recordsComeBackWhole() throws {
    let compressed = try ResultCodec.encode(Self.record)
    #expect(compressed.payload.starts(with: [0x28, 0xB5, 0x2F, 0xFD]))
    #expect(try ResultCodec.decode(compressed) == Self.record)
  }

  @Test func damageIsNoticed() throws {
    let good = try ResultCodec.encode(Self.record)
    var payload = good.payload
    payload[payload.count / 2] ^= 0x40
    #expect(throws: CompressionError.self) {
      try ResultCodec.decode(
        CompressedBytes(payload: payload, rawBytes: good.rawBytes, sha256: good.sha256))
    }
    #expect(throws: CompressionError.self) {
      try ResultCodec.decode(
        CompressedBytes(
          payload: Array(good.payload.dropLast(3)), rawBytes: good.rawBytes, sha256: good.sha256))
    }
    #expect(throws: CompressionError.notAFrame) {
      try ResultCodec.decode(CompressedBytes(payload: [1, 2, 3], rawBytes: 3, sha256: good.sha256))
    }
    #expect(throws: CompressionError.sizeMismatch(stated: 10, found: UInt64(good.rawBytes))) {
      try ResultCodec.decode(
        CompressedBytes(payload: good.payload, rawBytes: 10, sha256: good.sha256))
    }
    #expect(throws: CompressionError.digestMismatch) {
      try ResultCodec.decode(
        CompressedBytes(payload: good.payload, rawBytes: good.rawBytes, sha256: "00"))
    }
  }
}
