import Foundation

/// What was found, by several threads.
final class Faults: @unchecked Sendable {
  private let lock = NSLock()
  private var found: [String] = []

  func add(_ fault: String) { lock.withLock { found.append(fault) } }
  var all: [String] { lock.withLock { found.sorted() } }
}
