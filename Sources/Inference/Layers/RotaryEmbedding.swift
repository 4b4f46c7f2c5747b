import CKernels
import Foundation

/// Rotary position embedding (arXiv 2104.09864): of the first `rotary` elements of a head,
/// element i turns with element i + rotary/2 (NeoX), or each with its neighbour.
///
/// Tables are kept between calls, so one thread at a time may rotate.
final class RotaryEmbedding {
  /// Positions up to here stay in a table; later ones are computed per block.
  private static let prefixPositions = 16_384

  let rotary: Int  // elements of a head that turn
  let pairing: Pairing
  private let frequencies: [Double]  // [rotary/2]
  private let magnitude: Float  // of the turned elements: 1, or YaRN's attention factor
  private var prefix = Table(start: 0, count: 0, cos: [], sin: [])
  private var block = Table(start: 0, count: 0, cos: [], sin: [])

  enum Pairing { case halves, neighbours }

  /// cos and sin [count, rotary/2] of the positions from `start`.
  private struct Table {
    let start: Int
    let count: Int
    let cos: [Float]
    let sin: [Float]

    func covers(_ range: Range<Int>) -> Bool {
      start <= range.lowerBound && range.upperBound <= start + count
    }
  }

  /// - Throws: `ModelError.malformedConfiguration` for a scaling that is not known.
  /// - Parameter divisors: of the frequencies [rotary/2], as GGUF files carry them for Llama 3.
  init(
    rotary: Int, theta: Double, scaling: ModelConfiguration?, divisors: [Double]? = nil,
    pairing: Pairing = .halves
  ) throws {
    guard rotary > 0, rotary % 2 == 0 else {
      throw ModelError.malformedConfiguration(
        key: "rotary_dim", reason: "is \(rotary), but must be a positive even number")
    }

    self.rotary = rotary
    self.pairing = pairing
    var plain = (0..<rotary / 2).map { pow(theta, -2 * Double($0) / Double(rotary)) }
    if let divisors {
      guard divisors.count == plain.count, divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw ModelError.malformedConfiguration(
          key: "rope_freqs", reason: "must be \(plain.count) positive numbers")
      }
      plain = zip(plain, divisors).map(/)
    }
    (frequencies, magnitude) = try RotaryScaling.apply(to: plain, theta: theta, scaling)
    guard frequencies.allSatisfy({ $0.isFinite && $0 >= 0 }), magnitude.isFinite, magnitude > 0
    else {
      throw ModelError.malformedConfiguration(
        key: "rope_scaling", reason: "gives positions that are no finite numbers")
    }
  }

  /// Rotates x [positions.count, heads, headDim], row by row to these positions.
  func rotate(
    _ x: UnsafeMutablePointer<Float>, heads: Int, headDim: Int, positions: Range<Int>,
    _ parallel: Parallel
  ) {
    let table = table(covering: positions)
    parallel.forRanges(positions.count, grain: 16) { range in
      apply(
        to: x + range.lowerBound * heads * headDim, rows: range.count, heads: heads,
        headDim: headDim, table,
        at: positions.lowerBound + range.lowerBound)
    }
  }

  /// Rotates x [rows, heads, headDim], all rows to the same position.
  func rotate(
    _ x: UnsafeMutablePointer<Float>, rows: Int, heads: Int, headDim: Int, position: Int,
    _ parallel: Parallel
  ) {
    let table = table(covering: position..<position + 1)
    parallel.forRanges(rows, grain: 16) { range in
      for row in range {
        apply(
          to: x + row * heads * headDim, rows: 1, heads: heads, headDim: headDim, table,
          at: position)
      }
    }
  }

  private func apply(
    to x: UnsafeMutablePointer<Float>, rows: Int, heads: Int, headDim: Int, _ table: Table,
    at position: Int
  ) {
    let offset = (position - table.start) * frequencies.count
    let kernel = pairing == .halves ? kernels().pointee.rope : kernels().pointee.rope_pairs
    table.cos.withUnsafeBufferPointer { cos in
      table.sin.withUnsafeBufferPointer { sin in
        guard let cos = cos.baseAddress, let sin = sin.baseAddress else { return }
        kernel?(
          x, cos + offset, sin + offset, Int64(rows), Int64(heads), Int64(headDim), Int64(rotary))
      }
    }
  }

  private func table(covering positions: Range<Int>) -> Table {
    if prefix.covers(positions) { return prefix }
    if positions.upperBound <= Self.prefixPositions {
      prefix = makeTable(0..<max(positions.upperBound, 2 * prefix.count))
      return prefix
    }

    if !block.covers(positions) { block = makeTable(positions) }
    return block
  }

  /// Angles are taken in double: fp32 loses a radian's thousandth at position 100,000.
  private func makeTable(_ positions: Range<Int>) -> Table {
    let angles = positions.flatMap { position in frequencies.map { Double(position) * $0 } }
    return Table(
      start: positions.lowerBound, count: positions.count,
      cos: angles.map { magnitude * Float(Foundation.cos($0)) },
      sin: angles.map { magnitude * Float(Foundation.sin($0)) })
  }
}
