/// A text with paragraphs and questions about each (SQuAD 1.1 and 2.0).
struct Article: Decodable {
  struct Paragraph: Decodable {
    let context: String
    let qas: [Question]
  }
  struct Question: Decodable {
    let question: String
    /// Empty where the paragraph does not answer (SQuAD 2.0).
    let answers: [String]
  }
  let title: String
  let paragraphs: [Paragraph]
}

/// A text, not blank, and questions about all of it (books, stories, meetings).
struct QuestionedText: Decodable {
  struct Question: Decodable {
    let q: String
    let refs: [String]
    let kind: String?
  }
  let text: String
  let questions: [Question]

  private enum Key: String, CodingKey { case text, questions }

  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: Key.self)
    text = try record.decode(String.self, forKey: .text)
    questions = try record.decode([Question].self, forKey: .questions)
    if text.allSatisfy(\.isWhitespace) {
      throw DecodingError.dataCorruptedError(
        forKey: .text, in: record, debugDescription: "its text is blank")
    }
  }
}

/// A text and its summary.
struct SummarizedText: Decodable {
  let text: String
  let summary: String
}
