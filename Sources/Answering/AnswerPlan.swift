package import Retrieval

/// What to do about a question: from the kind of question, the kind of model and the route alone.
package struct AnswerPlan: Sendable, Equatable {
  /// What of a model decides how it is asked.
  package struct ModelKind: Sendable, Equatable {
    /// Some layers choose what they keep: a probe's attention shows where they look.
    package let chooses: Bool
    /// A model of a billion parameters follows many passages; a smaller one follows one or a few.
    package let isLarge: Bool
    /// Tokens that the model was made for; nil where nothing ends it.
    package let context: Int?

    package init(chooses: Bool, isLarge: Bool, context: Int? = nil) {
      self.chooses = chooses
      self.isLarge = isLarge
      self.context = context
    }

    /// Bytes of passages that fit beside a document: a token has three or more, and a fifth of the
    /// context is theirs.
    var shownBytes: Int {
      min(AnswerPlan.shownBytes, context.map { 3 * $0 / 5 } ?? .max)
    }
  }

  /// What the answer is made from.
  package enum Source: Sendable, Equatable {
    /// A summary of the whole text.
    case summary
    case answer(AnswerRoute)
  }

  /// Which passages stand before the question.
  package enum Shown: Sendable, Equatable {
    case nothing
    /// The best ones each alone; where none stands out, several stretches at once.
    case single
    /// As many of the best stretches as fit, in the document's order (arXiv 2409.01666).
    case inOrder(bytes: Int)
  }

  /// Who words the answer.
  package enum Wording: Sendable, Equatable {
    case model
    /// The path of the best evidence's file: one copied letter by letter is right or wrong.
    case path
  }

  /// About 8,000 tokens.
  fileprivate static let shownBytes = 32_000

  package let source: Source
  package let shown: Shown
  package let wording: Wording
  /// Whether attention has a say in what is evidence.
  package let asksAttention: Bool

  /// - Parameter hasRead: false where the document was not read at all.
  package init(
    _ kind: Question.Kind, _ model: ModelKind, _ route: AnswerRoute, hasRead: Bool = true
  ) {
    source = kind == .wholeText ? .summary : .answer(route)
    wording = kind == .file ? .path : .model
    asksAttention = model.chooses && hasRead
    if !route.showsPassages {
      shown = .nothing
    } else if model.isLarge {
      shown = .inOrder(bytes: model.shownBytes)
    } else {
      shown = .single
    }
  }
}
