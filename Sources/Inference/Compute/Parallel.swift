import CKernels

/// The threads that one model computes with.
package struct Parallel: Sendable {
  private static let most = 1024

  package let threads: Int
  private let team: ThreadTeam?

  /// - Parameter threads: 0 means all CPUs that this process may use.
  package init(threads: Int = 0) {
    let wanted = min(threads > 0 ? threads : CPULimit().usable, Self.most)
    team = wanted > 1 ? ThreadTeam(threads: wanted) : nil
    self.threads = team == nil ? 1 : wanted
  }

  /// Loops that more than one thread did.
  var loops: Int { team?.loops ?? 0 }

  /// Calls `body(thread, item)` for every item. Items are dealt in turn, so each
  /// thread sees the same ones in every run; a thread's scratch is its own.
  package func forEach(_ items: Int, _ body: (_ thread: Int, _ item: Int) -> Void) {
    guard let team, items > 1 else {
      for item in 0..<items { body(0, item) }
      return
    }
    team.run(items, body)
  }

  /// Calls `body` for ranges that cover 0 ..< count, of at least `grain` elements.
  func forRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let parts = max(1, min(threads, count / max(grain, 1)))
    forEach(parts) { _, part in body(count * part / parts..<count * (part + 1) / parts) }
  }
}

/// Owns the C threads; CThreadTeam.h says how they wait.
private final class ThreadTeam: @unchecked Sendable {
  private let team: OpaquePointer
  /// The caller alone counts.
  private(set) var loops = 0

  /// nil where the system has no room for the threads.
  init?(threads: Int) {
    guard let team = thread_team_create(Int32(threads)) else { return nil }
    self.team = team
  }

  deinit { thread_team_destroy(team) }

  func run(_ items: Int, _ body: (Int, Int) -> Void) {
    loops += 1
    withoutActuallyEscaping(body) { body in
      var body = body
      // The loop ends before this call does, so the closure may stay on the stack.
      withUnsafeMutablePointer(to: &body) { pointer in
        let call: @convention(c) (UnsafeMutableRawPointer?, Int32, Int32) -> Void = {
          context, thread, item in
          context.unsafelyUnwrapped.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(
            Int(thread), Int(item))
        }
        thread_team_run(team, Int32(items), call, pointer)
      }
    }
  }
}
