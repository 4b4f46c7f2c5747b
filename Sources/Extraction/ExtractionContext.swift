package import Documents

/// What the readers of one file share: settings, what may still be spent, and what is to be said.
package final class ExtractionContext {
  package let settings: ExtractionSettings
  package var leftOut = LeftOut()
  /// Sentences about the file.
  package private(set) var notes: [String] = []
  private let report: (ExtractionRecord) -> Void
  private var expanded = 0
  private var members = 0

  package init(
    _ settings: ExtractionSettings, report: @escaping (ExtractionRecord) -> Void = { _ in }
  ) {
    self.settings = settings
    self.report = report
  }

  var limits: ExtractionLimits { settings.limits }

  func note(_ text: String) { notes.append(text) }

  func progress(_ done: Int, of count: Int, _ what: String) {
    report(.progress(done: done, of: count, what: what))
  }

  /// Counts what came out of a compressed file.
  /// - Parameters:
  ///   - bytes: that came out now.
  ///   - ratio: of what came out of this file in all to what went into it.
  /// - Throws: `ExtractionError.limit`
  func spend(_ bytes: Int, ratio: Int = 0) throws {
    guard bytes <= limits.bytes - expanded else {
      throw ExtractionError.limit(
        "it unpacks to more bytes", name: "bytes", is: limits.bytes)
    }
    expanded += bytes
    guard ratio <= limits.ratio || expanded < 1 << 20 else {
      throw ExtractionError.limit(
        "it unpacks to too many bytes for each of its own", name: "ratio", is: limits.ratio)
    }
  }

  /// - Throws: `ExtractionError.limit`
  func countMember() throws {
    members += 1
    guard members <= limits.members else {
      throw ExtractionError.limit(
        "it has too many members", name: "members", is: limits.members)
    }
  }

  /// - Throws: `ExtractionError.limit`
  func check(depth: Int) throws {
    guard depth <= limits.depth else {
      throw ExtractionError.limit(
        "its elements are nested too deep", name: "depth", is: limits.depth)
    }
  }
}
