import Tokenizer

/// How a model expects to be spoken to.
///
/// Control tokens are placed by id; everything that comes from outside (document,
/// question) is encoded as text, in which they cannot occur.
struct PromptFormat {
  private let tokenizer: Tokenizer
  private let turnStart: Int32?
  private let turnEnd: Int32?

  /// ChatML where the vocabulary has its control tokens, else plain text.
  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    turnStart = tokenizer.controlToken("<|im_start|>")
    turnEnd = tokenizer.controlToken("<|im_end|>")
  }

  private func turn(_ role: String) -> [Int32] {
    guard let turnStart else { return [] }
    return [turnStart] + tokenizer.encode("\(role)\n")
  }

  private var end: [Int32] { turnEnd.map { [$0] + tokenizer.encode("\n") } ?? tokenizer.encode("\n\n") }

  /// What stands before the document.
  func opening(_ task: ReadingTask) -> [Int32] {
    let purpose =
      switch task {
      case .summarize: "Read the document, then summarize it."
      case .ask(let question): "Read the document, then answer this question about it: \(question)"
      }
    return turn("system") + tokenizer.encode("You read documents and answer truthfully and briefly.") + end + turn("user")
      + tokenizer.encode(purpose + "\n\nDocument:\n")
  }

  /// What is asked after the document, up to where the answer begins.
  func closing(_ instruction: String) -> [Int32] { tokenizer.encode("\n\n" + instruction) + end + turn("assistant") }

  /// A few tokens whose attention shows what the task will need.
  func probe(_ task: ReadingTask) -> [Int32] {
    switch task {
    case .summarize: tokenizer.encode("\n\nIn short, the document says that")
    case .ask(let question): tokenizer.encode("\n\nQuestion: \(question)\nAnswer:")
    }
  }
}
