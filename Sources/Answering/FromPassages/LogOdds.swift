import Foundation

/// Log odds of probabilities, kept from infinity.
enum LogOdds {
  private static let least = 1e-4

  static func of(_ probability: Double) -> Double {
    let bounded = min(max(probability, least), 1 - least)
    return log(bounded / (1 - bounded))
  }

  static func probability(_ odds: Double) -> Double { 1 / (1 + exp(-odds)) }
}
