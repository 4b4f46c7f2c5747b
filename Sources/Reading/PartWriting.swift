package import Inference

/// What is written of a document's parts while it is read: the reading waits at each part's end.
package protocol PartWriting: AnyObject {
  /// Tokens of the document at which parts end, ascending; the last is the document's end.
  var ends: [Int] { get }
  /// Parts that are written.
  var count: Int { get }

  /// Writes of the next part. The state stays as it is.
  /// - Throws: `ReadingError.stopped`, with nothing of this part kept; `ModelError`
  func write(after state: ReadingState) throws

  /// What is written so far, for a checkpoint.
  var archive: [UInt8] { get }

  /// Becomes what was saved.
  /// - Throws: `StateArchiveError`
  func restore(_ archive: [UInt8]) throws
}

/// A reading as bytes: what was written on the way, and the state's archive.
package enum ReadingArchive {
  /// Raised when a saved reading means something else; with the state's own version.
  package static let version = 100 + StateArchive.version
  private static let headBytes = 8

  static func packed(_ written: [UInt8], _ state: consuming [UInt8]) -> [UInt8] {
    let head = withUnsafeBytes(of: UInt64(written.count).littleEndian, Array.init)
    state.insert(contentsOf: head + written, at: 0)
    return state
  }

  /// - Throws: `StateArchiveError.damaged`
  static func parted(_ bytes: [UInt8]) throws -> (written: [UInt8], state: [UInt8]) {
    guard bytes.count >= headBytes else { throw StateArchiveError.damaged("it is cut off") }
    let length = bytes.prefix(headBytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let count = Int(exactly: length), count <= bytes.count - headBytes else {
      throw StateArchiveError.damaged("what was written on the way is cut off")
    }
    return (Array(bytes[headBytes..<headBytes + count]), Array(bytes[(headBytes + count)...]))
  }
}
