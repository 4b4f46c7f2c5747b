import Foundation
import TestSupport

/// Inputs by their numbers, each the same for the same seed.
enum Fuzzing {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["DOCPROC_FUZZ_COUNT"].flatMap(Int.init) ?? 500
  static let seed = environment["DOCPROC_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
  private static let atOnce = 2

  /// What an input is made of.
  static func random(for number: Int) -> SplitMix {
    SplitMix(seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// What is wrong with how inputs were taken.
  /// - Parameter fault: of the input with a number; nil where it was taken well.
  static func faults(of fault: @Sendable (Int) throws -> String?) -> [String] {
    let faults = Faults()
    DispatchQueue.concurrentPerform(iterations: atOnce) { worker in
      for number in stride(from: worker, to: count, by: atOnce) {
        do {
          if let fault = try fault(number) { faults.add(fault) }
        } catch {
          faults.add("input \(number): \(error)")
        }
      }
    }
    return faults.all
  }
}

/// What was found, by several threads.
private final class Faults: @unchecked Sendable {
  private let lock = NSLock()
  private var found: [String] = []

  func add(_ fault: String) { lock.withLock { found.append(fault) } }
  var all: [String] { lock.withLock { found.sorted() } }
}
