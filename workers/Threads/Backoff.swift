import Foundation

/// Waits that grow from one failure to the next, each drawn at random so that the workers of a
/// fleet do not come back all at once.
struct Backoff {
  private static let first = 0.2
  private static let longest = 3.0
  private var current = first

  mutating func next() -> Double {
    defer { current = min(2 * current, Self.longest) }
    return current * Double.random(in: 0.5...1)
  }

  mutating func reset() { current = Self.first }
}
