import Foundation
import Host

/// What an answer is written from.
package enum AnswerRoute: String, Sendable, Codable, CaseIterable {
  /// The reading's state alone: what the model remembers of the document.
  case reading
  /// The reading's state, and the best passages before the question, read twice ("just read
  /// twice", arXiv 2407.05483).
  case readingAndPassages = "reading+passages"
  /// The best passages alone, before an empty state.
  case passages

  package var usesState: Bool { self != .passages }
  package var showsPassages: Bool { self != .reading }
}

/// What `docproc model eval route` measured of a model, kept beside its weights.
package struct MeasuredRoute: Sendable, Codable, Equatable {
  package static let file = "route.json"

  /// The route that answers when nobody chooses.
  package let route: AnswerRoute
  /// Mean F1 of `reading+passages` less that of `passages`, and its standard error.
  package let gain: Double
  package let error: Double
  package let questions: Int

  /// Passages answer only where the reading was measured to do harm.
  package init(gain: Double, error: Double, questions: Int) {
    route = gain < -2 * error ? .passages : .readingAndPassages
    self.gain = gain
    self.error = error
    self.questions = questions
  }

  /// The route that a model's folder asks for; `reading+passages` where nothing was measured.
  package static func route(of folder: String) -> AnswerRoute {
    guard let data = FileManager.default.contents(atPath: DataHome.file(file, ofModel: folder)),
      let measured = try? JSONDecoder().decode(MeasuredRoute.self, from: data)
    else { return .readingAndPassages }
    return measured.route
  }
}
