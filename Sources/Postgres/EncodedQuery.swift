/// A statement with its parameters as libpq takes them.
struct EncodedQuery {
  /// Of one value: a message has at most 1 GB.
  private static let mostBytes = 1_000_000_000

  let sql: String
  private let values: [(bytes: [UInt8]?, isBinary: Bool)]

  /// - Throws: `PostgresError.unexpectedResult` for what Postgres holds in no value.
  init(_ sql: String, _ parameters: [Parameter]) throws {
    self.sql = sql
    values = parameters.map(\.encoded)
    // libpq would take the text up to there for the whole.
    if values.contains(where: { !$0.isBinary && $0.bytes?.contains(0) == true }) {
      throw PostgresError.unexpectedResult("Postgres holds no text with U+0000")
    }
    if let long = values.first(where: { $0.bytes?.count ?? 0 > Self.mostBytes })?.bytes?.count {
      throw PostgresError.unexpectedResult(
        "a value of \(long) bytes is more than Postgres takes at once")
    }
  }

  typealias Call<Result> = (
    _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>,
    _ lengths: UnsafePointer<Int32>, _ formats: UnsafePointer<Int32>
  ) -> Result

  func withPointers<Result>(_ body: Call<Result>) -> Result {
    let lengths = values.map { Int32($0.bytes?.count ?? 0) } + [0]
    let formats = values.map { Int32($0.isBinary ? 1 : 0) } + [0]
    let storage = values.map { value -> UnsafeMutablePointer<CChar>? in
      guard let bytes = value.bytes else { return nil }
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: source)
      }
      copy[bytes.count] = 0
      return copy
    }
    defer { for pointer in storage { pointer?.deallocate() } }
    let pointers = storage.map { UnsafePointer($0) } + [nil]
    return body(Int32(values.count), pointers, lengths, formats)
  }
}
