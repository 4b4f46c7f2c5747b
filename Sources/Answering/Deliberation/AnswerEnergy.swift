import Foundation
import Host

/// What speaks against an answer, as the energy of an energy-based model (LeCun et al. 2006): of
/// several answers the one of the lowest is given.
package struct AnswerEnergy: Sendable, Codable, Equatable {
  /// -log p(answer | document), the mean over its tokens.
  package let document: Double
  /// log p(answer | no document), the mean over its tokens: what the model would say anyway.
  package let prior: Double
  /// How little the other answers say the same: 1 less the mean F1 with them.
  package let disagreement: Double
  /// Share of its words that the evidence does not have.
  package let unsupported: Double

  package init(document: Double, prior: Double, disagreement: Double, unsupported: Double) {
    self.document = document
    self.prior = prior
    self.disagreement = disagreement
    self.unsupported = unsupported
  }

  package func total(_ weights: EnergyWeights) -> Double {
    weights.document * document + weights.prior * prior + weights.disagreement * disagreement
      + weights.unsupported * unsupported
  }
}

/// What each term of an energy counts. `docproc model tune energy` chooses them on development
/// data, and keeps them in the model's folder.
package struct EnergyWeights: Sendable, Codable, Equatable {
  package static let file = "energy.json"

  package var document = 1.0
  package var prior = 0.25
  package var disagreement = 2.0
  package var unsupported = 1.0

  package init() {}

  package init(document: Double, prior: Double, disagreement: Double, unsupported: Double) {
    self.document = document
    self.prior = prior
    self.disagreement = disagreement
    self.unsupported = unsupported
  }

  /// Of a model's folder; the built-in ones where none were chosen for it.
  package static func of(_ folder: String) -> EnergyWeights {
    FileManager.default.contents(atPath: DataHome.file(file, ofModel: folder)).flatMap {
      try? JSONDecoder().decode(EnergyWeights.self, from: $0)
    } ?? EnergyWeights()
  }
}

/// One of the answers that were weighed.
package struct WeighedAnswer: Sendable, Codable, Equatable {
  package let text: String
  package let terms: AnswerEnergy
  package let energy: Double

  package init(text: String, terms: AnswerEnergy, energy: Double) {
    self.text = text
    self.terms = terms
    self.energy = energy
  }
}
