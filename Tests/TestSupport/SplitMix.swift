package import Inference

/// Random numbers that are the same in every run.
package typealias SplitMix = SplitMix64

extension SplitMix64 {
  package init(_ seed: UInt64) { self.init(seed: seed) }

  package mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

/// ||a - b|| / ||b||
package func relativeError(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count)
  let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  let norm = b.reduce(0.0) { $0 + Double($1) * Double($1) }
  return (difference / max(norm, 1e-300)).squareRoot()
}
