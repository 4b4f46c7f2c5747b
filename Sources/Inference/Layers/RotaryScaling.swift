import Foundation

/// The rules by which publishers stretch rotary frequencies to longer contexts, as
/// `rope_scaling` or `rope_parameters` name them.
enum RotaryScaling {
  /// The base of the frequencies, where a folder says it: in `rope_parameters`, which may lack it,
  /// or beside them.
  /// - Throws: `ModelError.malformedConfiguration` for parameters of each kind of layer.
  static func theta(_ configuration: ModelConfiguration) throws -> Double {
    let parameters = configuration.object("rope_parameters")
    for (key, value) in parameters?.values ?? [:] {
      if case .object = value {
        throw ModelError.malformedConfiguration(
          key: "rope_parameters", reason: "has parameters for \(key) alone, which is not supported")
      }
    }
    let usual = try configuration.number(
      "rope_theta", in: ModelConfiguration.rotaryBases, default: 10_000)
    return try parameters?.number("rope_theta", in: ModelConfiguration.rotaryBases, default: usual)
      ?? usual
  }

  /// - Returns: frequencies, and the factor that the turned elements get.
  /// - Throws: `ModelError.malformedConfiguration` for a rule that is not known.
  static func apply(to frequencies: [Double], theta: Double, _ scaling: ModelConfiguration?) throws
    -> ([Double], Float)
  {
    guard let scaling, let kind = scaling.string("rope_type", "type"), kind != "default" else {
      return (frequencies, 1)
    }

    let factor = try scaling.number("factor", in: ModelConfiguration.stretches, default: 1)
    switch kind {
    case "linear": return (frequencies.map { $0 / factor }, 1)
    case "llama3": return (try llama3(frequencies, factor: factor, scaling: scaling), 1)
    case "yarn": return try yarn(frequencies, theta: theta, factor: factor, scaling)
    default:
      throw ModelError.malformedConfiguration(
        key: "rope_scaling", reason: "of type \(kind) is not supported")
    }
  }

  /// Llama 3.1's rule: long wavelengths are divided, short ones kept, those between blended.
  private static func llama3(_ frequencies: [Double], factor: Double, scaling: ModelConfiguration)
    throws -> [Double]
  {
    let low = try scaling.number("low_freq_factor", default: 1)
    let high = try scaling.number("high_freq_factor", default: 4)
    let context = try scaling.number("original_max_position_embeddings", in: 1...1e9, default: 8192)

    return frequencies.map { frequency in
      let turns = context * frequency / (2 * Double.pi)
      if turns < low { return frequency / factor }
      if turns > high { return frequency }
      let blend = (turns - low) / (high - low)
      return (1 - blend) * frequency / factor + blend * frequency
    }
  }

  /// YaRN (arXiv 2309.00071, section 3.2; limits and factors as transformers computes them):
  /// frequencies that turn often within the original context stay, slow ones are divided.
  private static func yarn(
    _ frequencies: [Double], theta: Double, factor: Double, _ scaling: ModelConfiguration
  ) throws -> (
    [Double], Float
  ) {
    let context = try scaling.number("original_max_position_embeddings", in: 1...1e9)
    let width = Double(2 * frequencies.count)
    func index(turns: Double) -> Double {
      width * log(context / (turns * 2 * Double.pi)) / (2 * log(theta))
    }
    let cuts = try scaling.flag("truncate", default: true)
    let fast = index(turns: try scaling.number("beta_fast", default: 32))
    let slow = index(turns: try scaling.number("beta_slow", default: 1))
    let low = max(0, cuts ? fast.rounded(.down) : fast)
    let high = min(width - 1, cuts ? slow.rounded(.up) : slow)
    let blended = frequencies.enumerated().map { offset, frequency in
      let share = min(max((Double(offset) - low) / max(high - low, 0.001), 0), 1)
      return (1 - share) * frequency + share * frequency / factor
    }

    return (blended, Float(try yarnMagnitude(factor, scaling)))
  }

  private static func yarnMagnitude(_ factor: Double, _ scaling: ModelConfiguration) throws
    -> Double
  {
    let stated = try scaling.number("attention_factor", default: 0)
    if stated > 0 { return stated }
    let all = try scaling.number("mscale_all_dim", default: 0)
    let some = try scaling.number("mscale", default: 0)
    return all != 0 && some != 0
      ? yarnScale(factor, some) / yarnScale(factor, all) : yarnScale(factor, 1)
  }

  /// 0.1 m ln(s) + 1: how much attention logits grow with the stretched context.
  static func yarnScale(_ factor: Double, _ multiplier: Double) -> Double {
    factor <= 1 ? 1 : 0.1 * multiplier * log(factor) + 1
  }
}
