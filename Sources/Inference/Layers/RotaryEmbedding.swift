import CKernels
import Foundation

/// Rotary position embedding (arXiv 2104.09864), NeoX pairing: element i of the
/// first `rotary` ones turns with element i + rotary/2.
///
/// Tables are kept between calls, so one thread at a time may rotate.
final class RotaryEmbedding {
  /// Positions up to here stay in a table; later ones are computed per block.
  private static let prefixPositions = 16_384

  let rotary: Int  // elements of a head that turn
  private let frequencies: [Double]  // [rotary/2]
  private var prefix = Table(start: 0, count: 0, cos: [], sin: [])
  private var block = Table(start: 0, count: 0, cos: [], sin: [])

  /// cos and sin [count, rotary/2] of the positions from `start`.
  private struct Table {
    let start: Int
    let count: Int
    let cos: [Float]
    let sin: [Float]

    func covers(_ range: Range<Int>) -> Bool { start <= range.lowerBound && range.upperBound <= start + count }
  }

  /// - Throws: `ModelError.malformedConfiguration` for a scaling that is not known.
  init(rotary: Int, theta: Double, scaling: ModelConfiguration?) throws {
    guard rotary > 0, rotary % 2 == 0 else {
      throw ModelError.malformedConfiguration(key: "rotary_dim", reason: "is \(rotary), but must be a positive even number")
    }
    self.rotary = rotary
    let plain = (0..<rotary / 2).map { pow(theta, -2 * Double($0) / Double(rotary)) }
    frequencies = try Self.scaled(plain, by: scaling)
  }

  /// Rotates x [positions.count, heads, headDim], row by row to these positions.
  func rotate(_ x: UnsafeMutablePointer<Float>, heads: Int, headDim: Int, positions: Range<Int>) {
    apply(to: x, rows: positions.count, heads: heads, headDim: headDim, table(covering: positions), at: positions.lowerBound)
  }

  /// Rotates x [rows, heads, headDim], all rows to the same position.
  func rotate(_ x: UnsafeMutablePointer<Float>, rows: Int, heads: Int, headDim: Int, position: Int) {
    let table = table(covering: position..<position + 1)
    for row in 0..<rows {
      apply(to: x + row * heads * headDim, rows: 1, heads: heads, headDim: headDim, table, at: position)
    }
  }

  private func apply(to x: UnsafeMutablePointer<Float>, rows: Int, heads: Int, headDim: Int, _ table: Table, at position: Int) {
    let offset = (position - table.start) * frequencies.count
    table.cos.withUnsafeBufferPointer { cos in
      table.sin.withUnsafeBufferPointer { sin in
        guard let cos = cos.baseAddress, let sin = sin.baseAddress else { return }
        kernels().pointee.rope(x, cos + offset, sin + offset, Int64(rows), Int64(heads), Int64(headDim), Int64(rotary))
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
      start: positions.lowerBound, count: positions.count, cos: angles.map { Float(Foundation.cos($0)) },
      sin: angles.map { Float(Foundation.sin($0)) })
  }

  private static func scaled(_ frequencies: [Double], by scaling: ModelConfiguration?) throws -> [Double] {
    guard let scaling, let kind = scaling.string("rope_type", "type"), kind != "default" else { return frequencies }
    let factor = try scaling.number("factor", default: 1)
    switch kind {
    case "linear": return frequencies.map { $0 / factor }
    case "llama3": return try llama3(frequencies, factor: factor, scaling: scaling)
    default: throw ModelError.malformedConfiguration(key: "rope_scaling", reason: "of type \(kind) is not supported")
    }
  }

  /// Llama 3.1's rule: long wavelengths are divided, short ones kept, those between blended.
  private static func llama3(_ frequencies: [Double], factor: Double, scaling: ModelConfiguration) throws -> [Double] {
    let low = try scaling.number("low_freq_factor", default: 1)
    let high = try scaling.number("high_freq_factor", default: 4)
    let context = try scaling.number("original_max_position_embeddings", default: 8192)
    return frequencies.map { frequency in
      let turns = context * frequency / (2 * Double.pi)
      if turns < low { return frequency / factor }
      if turns > high { return frequency }
      let blend = (turns - low) / (high - low)
      return (1 - blend) * frequency / factor + blend * frequency
    }
  }
}
