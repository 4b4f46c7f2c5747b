/// Where a model's time goes: seconds by kind of work, of each layer.
package final class ComputeProfile {
  /// Work within other work counts for itself alone.
  package enum Work: String, CaseIterable, Sendable {
    case embedding
    case norms = "norms and residuals"
    case projections
    case attention
    case branch = "linear branch"
    case lightning
    /// Rotations, and what mixers do beside the others.
    case mixing = "rest of mixing"
    case feedForward = "feed-forward"
    case head
    /// Between the parts: checks, and what callers do.
    case between
  }

  /// [layers][kinds of work]; what no layer does stands behind the last.
  package private(set) var seconds: [[Double]]
  private var layer: Int
  private var open: [Work] = [.between]
  private var since = ContinuousClock.now

  package init(layers: Int) {
    seconds = Array(
      repeating: [Double](repeating: 0, count: Work.allCases.count), count: layers + 1)
    layer = layers
  }

  /// Forgets what was counted.
  package func reset() {
    seconds = seconds.map { $0.map { _ in 0 } }
    since = .now
  }

  /// Seconds of a kind of work in all layers.
  package func total(_ work: Work) -> Double {
    let index = Self.index(work)
    return seconds.reduce(0) { $0 + $1[index] }
  }

  private static func index(_ work: Work) -> Int { Work.allCases.firstIndex(of: work) ?? 0 }

  func begin(_ work: Work) {
    count()
    open.append(work)
  }

  func end() {
    count()
    open.removeLast()
  }

  /// The layer whose work comes next; nil: none.
  func enter(_ layer: Int?) {
    count()
    self.layer = layer ?? seconds.count - 1
  }

  /// The kind of work that is being done.
  var current: Work { open.last ?? .between }

  private func count() {
    let now = ContinuousClock.now
    seconds[layer][Self.index(current)] += (now - since) / .seconds(1)
    since = now
  }
}
