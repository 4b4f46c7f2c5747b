/// A worker's right to write about a job: every write names both, and matches both.
package struct Claim: Sendable, Hashable, Codable {
  package let job: Int
  /// From a sequence, new at every claim: a stale worker's is never the current one.
  package let fence: Int

  package init(job: Int, fence: Int) {
    self.job = job
    self.fence = fence
  }
}
