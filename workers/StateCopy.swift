import Inference
import Jobs
import Reading
import Results

/// A copied state on its way to another thread; nobody else has it.
final class StateCopy: @unchecked Sendable {
  private static let compressionLevel = 1

  private var state: ReadingCopy?
  let tokens: Int
  private let seconds: Double
  /// Of the state, with what stands before the document.
  let position: Int
  /// Of the state.
  let byteCount: Int

  /// - Parameter isGeneral: leaves out what was written on the way.
  init(_ moment: ReadingMoment, isGeneral: Bool = false) {
    let copy = isGeneral ? moment.generalFork() : moment.fork()
    state = copy
    position = copy.position
    byteCount = copy.byteCount
    tokens = moment.tokens
    seconds = moment.seconds
  }

  /// To be called once: state and archive are large, and each is let go when the next form of it
  /// is made.
  /// - Parameter first: the position from which on tokens' pages are not saved.
  /// - Throws: `CompressionError`
  func packed(key: String, pagesFrom first: Int) throws -> Checkpoint {
    guard let copied = state else { preconditionFailure("a copy is packed once") }

    let archive = copied.archive()
    let page = copied.page(from: first)
    state = nil

    return Checkpoint(
      key: key, tokens: tokens, seconds: seconds, number: 0, isa: ComputeBackend.isa,
      state: try Self.compressed(archive),
      pages: page.isEmpty
        ? [] : [.init(firstToken: first, endToken: position, data: try Self.compressed(page))])
  }

  private static func compressed(_ bytes: consuming [UInt8]) throws -> CompressedBytes {
    defer { ReadingState.returnFreedMemory() }
    return try CompressedBytes(compressing: bytes, level: compressionLevel)
  }
}
