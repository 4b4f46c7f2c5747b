import CKernels
import Dispatch

/// The threads that one model computes with.
public struct Parallel: Sendable {
  public let threads: Int

  /// - Parameter threads: 0 means all CPUs that this process may use.
  public init(threads: Int = 0) {
    self.threads = threads > 0 ? threads : Int(usable_cpu_count())
  }

  /// concurrentPerform returns only when all calls have: nothing outlives the
  /// caller, and items write to disjoint ranges.
  private struct Work: @unchecked Sendable {
    let body: (Int, Int) -> Void
  }

  /// Calls `body(thread, item)` for every item. Items are dealt in turn, so each
  /// thread sees the same ones in every run; a thread's scratch is its own.
  func forEach(_ items: Int, _ body: (_ thread: Int, _ item: Int) -> Void) {
    let used = min(threads, items)
    if used <= 1 {
      for item in 0..<items { body(0, item) }
      return
    }
    withoutActuallyEscaping(body) { body in
      let work = Work(body: body)
      DispatchQueue.concurrentPerform(iterations: used) { thread in
        for item in stride(from: thread, to: items, by: used) { work.body(thread, item) }
      }
    }
  }
}
