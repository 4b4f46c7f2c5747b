import Foundation
package import Schemas

/// One of many questions of a job.
package struct AskedQuestion: Sendable, Equatable, Codable {
  /// What its answer is found by.
  package let id: String
  package let question: String

  package init(id: String, question: String) {
    self.id = id
    self.question = question
  }
}

/// A question that was answered before, which later ones may refer to.
package struct AnsweredQuestion: Sendable, Equatable, Codable {
  package let question: String
  package let answer: String

  package init(question: String, answer: String) {
    self.question = question
    self.answer = answer
  }
}

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
  /// Questions that are answered in one job; nil: the order's own question is.
  package var questions: [AskedQuestion]?
  /// What was asked and answered before, oldest first; nil: nothing.
  package var turns: [AnsweredQuestion]?
  /// False: the reading is not kept for later questions; nil: it is, if it took a while; true: always.
  package var keep: Bool?
  /// What the model is told besides the question; nil: nothing.
  package var instructions: String?
  /// Of a chat: how its tokens are drawn; nil: the most likely ones.
  package var temperature: Double?
  package var topP: Double?
  package var seed: Int?
  /// Of data that is to be taken out, or of an answer that is to be JSON; nil: words are wanted.
  package var schema: EmbeddedJSON?
  /// `part`, `chapter`, `file`, `page` or `mail`: data is taken out of each; nil: of the whole.
  package var each: String?
  /// Tools that the model may call instead of answering, in OpenAI's format; nil: none.
  package var tools: EmbeddedJSON?
  /// `auto`, `none`, `required`, or the tool that is to be called; nil: `auto`.
  package var toolChoice: EmbeddedJSON?
  /// False: one call at most.
  package var parallelCalls: Bool?
  /// Answers that are weighed against each other; nil: the most likely one is given.
  package var effort: Int?
  /// What of the path is not in the document, or was read in doubt; nil: nothing.
  package var documentNotes: [String]?

  package init(
    from: String? = nil, focused: Bool? = nil, mostAnswerTokens: Int? = nil,
    thinkTokens: Int? = nil, beyondContext: Bool? = nil, keep: Bool? = nil,
    questions: [AskedQuestion]? = nil, turns: [AnsweredQuestion]? = nil,
    instructions: String? = nil, temperature: Double? = nil, topP: Double? = nil, seed: Int? = nil,
    schema: EmbeddedJSON? = nil, each: String? = nil, tools: EmbeddedJSON? = nil,
    toolChoice: EmbeddedJSON? = nil,
    parallelCalls: Bool? = nil, effort: Int? = nil, documentNotes: [String]? = nil
  ) {
    self.schema = schema
    self.each = each
    self.tools = tools
    self.toolChoice = toolChoice
    self.parallelCalls = parallelCalls
    self.effort = effort
    self.instructions = instructions
    self.temperature = temperature
    self.topP = topP
    self.seed = seed
    self.documentNotes = documentNotes
    self.questions = questions
    self.turns = turns
    self.keep = keep
    self.beyondContext = beyondContext
    self.thinkTokens = thinkTokens
    self.from = from
    self.focused = focused
    self.mostAnswerTokens = mostAnswerTokens
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case from, each, focused, keep, questions, turns, instructions, temperature, seed, schema,
      tools,
      effort
    case toolChoice = "tool_choice"
    case parallelCalls = "parallel_tool_calls"
    case topP = "top_p"
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
