import Foundation

/// Decay slopes as the authors' code builds them.
enum LightningSlopes {
  /// ALiBi's slopes (arXiv 2108.12409): 2^(-8(h+1)/H) for a power of two, else
  /// those of the next lower power and every second one of the next higher.
  static func alibi(heads: Int) -> [Double] {
    let power = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
    let base = (1...power).map { exp2(-8 * Double($0) / Double(power)) }
    if power == heads { return base }
    let finer = (1...2 * power).map { exp2(-8 * Double($0) / Double(2 * power)) }
    return base + stride(from: 0, to: 2 * power, by: 2).map { finer[$0] }.prefix(heads - power)
  }

  /// 2^(-8(h+1)/H) for any number of heads, as llama.cpp and transformers compute it.
  static func geometric(heads: Int) -> [Double] {
    (1...heads).map { exp2(-8 * Double($0) / Double(heads)) }
  }

  /// Slopes times 1 - (layer + offset) / (layers - 1) + 1e-5: upper layers hardly decay
  /// (MiniMax-01's and TransNormerLLM's modelling code).
  static func layered(heads: Int, layer: Int, layers: Int, offset: Double = 0) -> [Float] {
    let factor = (layers == 1 ? 1 : 1 - (Double(layer) + offset) / Double(layers - 1)) + 1e-5
    return alibi(heads: heads).map { Float($0 * factor) }
  }
}
