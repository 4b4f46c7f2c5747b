import Foundation
import Inference

/// Milliseconds a token, by kind of work: of all layers, and of the layers of each kind.
struct WorkTimes: Encodable {
  let all: [String: Double]
  /// Of one layer, by the layer's number.
  let layers: [[String: Double]]
  private let names: [String]

  enum CodingKeys: String, CodingKey { case all, layers }

  /// nil where nothing was counted.
  init?(_ model: LanguageModel, tokens: Int) {
    guard let profile = model.profile, tokens > 0 else { return nil }
    func named(_ seconds: [Double]) -> [String: Double] {
      let times = zip(ComputeProfile.Work.allCases, seconds).filter { $1 > 0 }
      return Dictionary(
        uniqueKeysWithValues: times.map { ($0.rawValue, $1 * 1000 / Double(tokens)) })
    }
    all = named(ComputeProfile.Work.allCases.map(profile.total))
    layers = profile.seconds.dropLast().map(named)
    names = model.description.layers
  }

  /// A line for all, and one for each kind of layer.
  func lines(_ title: String) -> [String] {
    let kinds = Set(names).sorted()
    return [Self.line("  \(title), ms a token", all)]
      + kinds.map { kind in
        let own = zip(names, layers).filter { $0.0 == kind }.map(\.1)
        let sum = own.reduce(into: [String: Double]()) { $0.merge($1, uniquingKeysWith: +) }
        return Self.line("    \(own.count) layers \(kind)", sum)
      }
  }

  private static func line(_ title: String, _ times: [String: Double]) -> String {
    let total = times.values.reduce(0, +)
    let parts = times.sorted { $0.value > $1.value }.map {
      "\($0.key) \(String(format: "%.3f", $0.value))"
    }
    return "\(title): \(String(format: "%.3f", total)) (\(parts.joined(separator: ", ")))"
  }
}
