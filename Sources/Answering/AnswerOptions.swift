import Inference
package import Retrieval
package import Schemas

/// How a question is to be answered.
package struct AnswerOptions: Sendable, Equatable {
  /// nil: as the model's folder says.
  package var route: AnswerRoute?
  /// The question stands before the document too, and guides what bounded layers keep.
  package var isFocused = false
  /// Tokens of an answer, at most.
  package var mostTokens = 48
  /// Tokens that a model may think before it answers; nil: none where it can be told not to think,
  /// else `Reasoning.usualTokens`.
  package var thinkTokens: Int?
  /// Reads on where the model's context ends.
  package var goesBeyondContext = false
  /// What was asked and answered before: the question may refer to it.
  package var turns: [Turn] = []
  /// What the model is told besides the question; nil: nothing.
  package var instructions: String?
  /// Data is taken out of each part; nil: of the whole.
  package var each: TextParts.Kind?
  /// What the model may call instead of answering; nil: nothing.
  package var tools: ToolSet?
  /// Of a chat: what it says is JSON under this schema; nil: words.
  package var schema: JSONSchema?
  /// Answers that are weighed against each other; 1: none but the most likely one.
  package var effort = 1
  /// Of a chat: 0 takes the most likely tokens.
  package var temperature = 0.0
  /// Of a chat: the share of probability that its tokens are drawn from.
  package var topP = 1.0
  /// Of what is drawn by chance.
  package var seed: UInt64 = 0
  /// What of the reading is taken away before the question, to see what it was worth.
  package var ablation = StateAblation.none

  /// As names of logs show it: what differs from the default.
  package var description: String {
    let parts = [
      "from=\(route?.rawValue ?? "default")",
      ablation == .none ? nil : "empty=\(ablation.rawValue)",
      mostTokens == AnswerOptions().mostTokens ? nil : "tokens=\(mostTokens)",
      thinkTokens.map { "think=\($0)" },
      goesBeyondContext ? "beyond-context" : nil,
      effort == 1 ? nil : "effort=\(effort)",
    ]
    return parts.compactMap(\.self).joined(separator: " ")
  }

  package static let tokenLimits = 1...4096
  package static let effortLimits = 1...32
  package static let thinkLimits = 0...32_768

  package init() {}
}

/// A question and its answer.
package struct Turn: Sendable, Equatable {
  package let question: String
  package let answer: String

  package init(question: String, answer: String) {
    self.question = question
    self.answer = answer
  }
}

/// What of a reading's state is replaced by an empty one.
package enum StateAblation: String, Sendable, CaseIterable {
  case none
  /// Everything: the model has read nothing.
  case all
  /// Layers that remember in a matrix.
  case lightning
  /// Layers that remember keys and values.
  case softmax

  var kinds: Set<MixerKind> {
    switch self {
    case .none, .all: []
    case .lightning: [.lightning]
    case .softmax: [.softmax, .window, .bounded]
    }
  }
}
