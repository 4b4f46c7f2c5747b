/// The attention mass that document positions got, summed over the heads and query rows of the
/// layers that keep a choice of tokens, or of those that keep all tokens too.
package final class AttentionTrace {
  package private(set) var mass: [Int: Float] = [:]
  /// Query rows times heads times layers: the mass all positions share.
  package private(set) var total: Float = 0

  /// True: layers that keep all tokens are traced as well.
  package let includesSoftmax: Bool

  package init(includesSoftmax: Bool = false) { self.includesSoftmax = includesSoftmax }

  /// Of positions from 0 on.
  func add(mass values: UnsafeMutableBufferPointer<Float>, total: Float) {
    for (position, value) in values.enumerated() where value > 0 {
      mass[position, default: 0] += value
    }
    self.total += total
  }

  func add(positions: UnsafeBufferPointer<Int32>, mass values: UnsafePointer<Float>, total: Float) {
    for (index, position) in positions.enumerated() where values[index] > 0 {
      mass[Int(position), default: 0] += values[index]
    }
    self.total += total
  }

  /// Adds mass from a source other than attention, such as a match of words.
  package func add(_ value: Float, at position: Int) { mass[position, default: 0] += value }
}
