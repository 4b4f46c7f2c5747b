/// How much a bounded layer remembers, in tokens.
package struct BoundedLimits: Sendable, Equatable {
  package let sinks: Int
  package let kept: Int
  package let window: Int

  package init(sinks: Int, kept: Int, window: Int) {
    self.sinks = sinks
    self.kept = kept
    self.window = window
  }
}
