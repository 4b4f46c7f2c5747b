import Testing

@testable import Inference

/// What keeps the keys and values of a long document.
@Suite struct RowBufferTests {
  private static func buffer(_ numbers: [Float], _ precision: StoredPrecision) -> RowBuffer {
    let buffer = RowBuffer(heads: 1, width: 1, capacity: 4, precision: precision)
    buffer.append(numbers, rows: 0..<numbers.count)
    return buffer
  }

  @Test func littleOfALongMemoryStandsUnused() {
    let buffer = RowBuffer(heads: 2, width: 3, capacity: 512, precision: .float16)
    let rows = [Float](repeating: 1, count: 500 * 6)
    for _ in 0..<100 { buffer.append(rows, rows: 0..<500) }
    #expect(buffer.byteCount <= 50_000 * 2 * 3 * 2 * 9 / 8)
    #expect(buffer.numbers() == [Float](repeating: 1, count: 300_000))
  }

  @Test func halvesAreRoundedAndNeverInfinite() {
    let found = Self.buffer([1, 1 / 3, 1e6, -1e6, 1e-9], .float16).numbers()
    #expect(found == [1, 0.333251953125, 65504, -65504, 0])
    #expect(Self.buffer([1 / 3, 1e6], .float32).numbers() == [1 / 3, 1e6])
    #expect(Self.buffer([.nan], .float16).numbers()[0].isNaN)
  }

  @Test(arguments: StoredPrecision.allCases)
  func aCopyAndALentBufferLeaveTheFirstAsItWas(precision: StoredPrecision) {
    let first = Self.buffer([1, 2, 3, 4, 5], precision)
    let copy = first.copy()
    copy.keep([0, 4])
    let lent = first.lend(rows: 1)
    lent.append([6], rows: 0..<1)
    lent.dropFirst(2)
    #expect(copy.numbers() == [1, 5])
    #expect(lent.numbers() == [3, 4, 5, 6])
    #expect(first.numbers() == [1, 2, 3, 4, 5])
  }

  @Test func aMemoryOfAnotherPrecisionIsRefused() throws {
    var writer = StateWriter(capacity: 100)
    Self.buffer([1, 2, 3], .float16).save(to: &writer)
    var same = StateReader(writer.bytes)
    let restored = RowBuffer(heads: 1, width: 1, capacity: 4, precision: .float16)
    try restored.restore(from: &same)
    #expect(restored.numbers() == [1, 2, 3])
    var other = StateReader(writer.bytes)
    let wide = RowBuffer(heads: 1, width: 1, capacity: 4)
    #expect(throws: StateArchiveError.self) { try wide.restore(from: &other) }
  }
}
