import Foundation

/// What an order says about how it is to be done. All of it is part of the order's identity, so
/// what nobody said is left out.
package struct JobParameters: Sendable, Equatable, Codable {
  /// What an answer is written from: `reading`, `reading+passages` or `passages`; nil: as the model
  /// was measured.
  package var from: String?
  /// True: the question stands before the document too; nil: it does not.
  package var focused: Bool?
  /// Tokens of an answer, at most; nil: the default.
  package var mostAnswerTokens: Int?
  /// Tokens that a model may think before it answers, at most; nil: the default.
  package var thinkTokens: Int?
  /// True: the document is read though it is longer than the model's context; nil: it is not.
  package var beyondContext: Bool?
  /// False: the reading is not kept for later questions; nil: it is.
  package var keep: Bool?
  /// What of the path is not in the document, or was read in doubt; nil: nothing.
  package var documentNotes: [String]?

  package init(
    from: String? = nil, focused: Bool? = nil, mostAnswerTokens: Int? = nil,
    thinkTokens: Int? = nil, beyondContext: Bool? = nil, keep: Bool? = nil,
    documentNotes: [String]? = nil
  ) {
    self.documentNotes = documentNotes
    self.keep = keep
    self.beyondContext = beyondContext
    self.thinkTokens = thinkTokens
    self.from = from
    self.focused = focused
    self.mostAnswerTokens = mostAnswerTokens
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case from, focused, keep
    case mostAnswerTokens = "max_answer_tokens"
    case thinkTokens = "think_tokens"
    case beyondContext = "beyond_context"
    case documentNotes = "document_notes"
  }

  func encoded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// - Throws: `JobError.unknownParameter` for one that a newer program has brought,
  ///   `.malformedParameters` for a value of another type.
  static func decoded(_ text: String) throws -> JobParameters {
    let data = Data(text.utf8)
    let known = Set(CodingKeys.allCases.map(\.stringValue))
    let given = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
    if let other = given.keys.sorted().first(where: { !known.contains($0) }) {
      throw JobError.unknownParameter(other)
    }
    do {
      return try JSONDecoder().decode(JobParameters.self, from: data)
    } catch {
      throw JobError.malformedParameters(reason: "\(error)")
    }
  }
}
