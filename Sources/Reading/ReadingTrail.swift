package import Digests

/// The ids that a reading goes through, in order. They and the model decide a general reading's
/// state: documents that begin with the same ids have the same state at each line of the grid
/// (`ReadingGrid`), to the bit, and also at their end where they end alike.
package struct ReadingTrail: Sendable {
  /// Before the document.
  package let opening: [Int32]
  /// Of the document.
  package let ids: [Int32]
  /// The question that the reading is for, which layers with a choice keep tokens for; nil for a
  /// general reading.
  package let focus: String?

  package init(opening: [Int32], ids: [Int32], focus: String?) {
    self.opening = opening
    self.ids = ids
    self.focus = focus
  }

  /// The digests of opening and document up to so many of its tokens, in hex.
  /// - Parameter counts: within the document; others have no digest.
  package func digests(after counts: some Sequence<Int>) -> [Int: String] {
    let hash = SHA256()
    opening.withUnsafeBytes { hash.update($0) }
    var result: [Int: String] = [:]
    var done = 0
    for count in Set(counts).sorted() where count >= done && count <= ids.count {
      ids[done..<count].withUnsafeBytes { hash.update($0) }
      done = count
      result[count] = hash.copy().finish()
    }
    return result
  }
}
