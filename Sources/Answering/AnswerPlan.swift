import Inference
package import Retrieval

/// What to do about a question: from the kind of question and the kind of model alone.
package struct AnswerPlan: Sendable, Equatable {
  /// What a model's memory can tell beside the text's words.
  package enum ModelKind: Sendable, Equatable, CaseIterable {
    /// Some layers choose what they keep: a probe's attention shows where they look.
    case choosing
    /// No layer chooses.
    case keeping
  }

  /// What the answer is made from.
  package enum Source: Sendable, Equatable {
    /// A summary of the whole text.
    case summary
    /// The passages that say most of the question.
    case passages
  }

  /// Who words the answer.
  package enum Wording: Sendable, Equatable {
    case model
    /// The path of the best evidence's file: one copied letter by letter is right or wrong.
    case path
  }

  package let source: Source
  package let wording: Wording
  /// Whether attention has a say in what is evidence.
  package let asksAttention: Bool

  package init(_ kind: Question.Kind, _ model: ModelKind) {
    source = kind == .wholeText ? .summary : .passages
    wording = kind == .file ? .path : .model
    asksAttention = model == .choosing
  }
}
