import Reading
import Retrieval
import Tokenizer

/// How a model expects to be spoken to. training/prompts.py builds the same prompts, piece by
/// piece: what is encoded on its own here is encoded on its own there.
///
/// Control tokens are placed by id; everything that comes from outside (document,
/// question) is encoded as text, in which they cannot occur.
struct PromptFormat {
  /// What a trained model answers when the passages do not say.
  static let refusal = "Not in the document."
  /// Tokens of a probe, which is run after each of a reading's blocks.
  static let longestProbe = 128

  private let tokenizer: TextTokenizer
  private let turnStart: Int32?
  private let turnEnd: Int32?
  /// The first two tokens of a refusal; with the first alone other answers begin too.
  let refusalStart: (first: Int32, second: Int32)

  /// ChatML where the vocabulary has its control tokens, else plain text.
  init(_ tokenizer: TextTokenizer) {
    self.tokenizer = tokenizer
    turnStart = tokenizer.controlToken("<|im_start|>")
    turnEnd = tokenizer.controlToken("<|im_end|>")
    let refusal = tokenizer.encode(Self.refusal)
    refusalStart = (refusal[0], refusal[1])
  }

  private func turn(_ role: String) -> [Int32] {
    guard let turnStart else { return [] }
    return [turnStart] + tokenizer.encode("\(role)\n")
  }

  private var end: [Int32] {
    turnEnd.map { [$0] + tokenizer.encode("\n") } ?? tokenizer.encode("\n\n")
  }

  /// What stands before the document; without a task it is to be asked about later.
  func opening(_ task: ReadingTask?) -> [Int32] {
    turn("system") + tokenizer.encode("You read documents and answer truthfully and briefly.") + end
      + turn("user") + purpose(task)
  }

  private func purpose(_ task: ReadingTask?) -> [Int32] {
    let purpose =
      switch task {
      case .summarize: "Read the document, then summarize it."
      case .ask(let question):
        "Read the document, then answer this question about it: \(question.text)"
      case nil: "Read the document, then answer questions about it."
      }
    return tokenizer.encode(purpose + "\n\nDocument:\n")
  }

  /// Passages before a question, up to where the answer begins; the best passage stands last,
  /// next to the question: small models look there first.
  func asked(_ question: Question, passages: [String]) -> [Int32] {
    let shown =
      passages.isEmpty
      ? "\n\n" : "\n\nPassages from the document:\n" + passages.joined(separator: "\n") + "\n\n"
    let source = passages.isEmpty ? "" : ", from the passages"
    return tokenizer.encode(shown)
      + tokenizer.encode("Question: \(question.text)\nAnswer in a few words\(source).") + end
      + turn("assistant")
  }

  /// Sentences before the wish to condense them, up to where that begins.
  func summaryWanted(sentences: [String], focus: Question?) -> [Int32] {
    let listed = sentences.map { "- " + $0 }.joined(separator: "\n")
    let wanted = focus == nil ? "them" : "what they say about this"
    let question = focus.map { "Question: \($0.text)\n" } ?? ""
    return tokenizer.encode(
      "\n\nSentences from the document, in order:\n\(listed)\n\n\(question)Summarize \(wanted) "
        + "in one or two sentences."
    )
      + end + turn("assistant")
  }

  /// At a part's end, or at the document's: what it says, or what it says about something.
  func synopsisWanted(focus: Question?) -> [Int32] {
    let wanted =
      focus.map { "Question: \($0.text)\nSummarize what the document says about this" }
      ?? "Summarize this part of the document"
    return tokenizer.encode("\n\n\(wanted) in two or three sentences.") + end + turn("assistant")
  }

  /// At the document's end, after synopses of its parts.
  func summaryWanted(synopses: [String]) -> [Int32] {
    let listed = synopses.map { "- " + $0 }.joined(separator: "\n")
    return tokenizer.encode(
      "\n\nParts of the document, in order:\n\(listed)\n\n"
        + "Summarize what happens in the document in three or four sentences."
    )
      + end + turn("assistant")
  }

  /// A few tokens whose attention shows what the task will need: of a long question its beginning
  /// and its end.
  func probe(_ task: ReadingTask?) -> [Int32] {
    let text =
      switch task {
      case .ask(let question): "\n\nQuestion: \(question.text)\nAnswer:"
      case .summarize(let focus?): "\n\nQuestion: \(focus.text)\nAnswer:"
      case .summarize, nil: "\n\nIn short, the document says that"
      }
    let ids = tokenizer.encode(text)
    return ids.count <= Self.longestProbe
      ? ids : ids.prefix(Self.longestProbe / 2) + ids.suffix(Self.longestProbe / 2)
  }
}
