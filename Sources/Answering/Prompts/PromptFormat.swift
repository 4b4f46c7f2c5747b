import Constraints
import Reading
import Retrieval
import Schemas
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
  let prompt: ModelPrompt
  /// What the model is told besides the question.
  var instructions: String?
  /// What the model may call; nil: nothing.
  var tools: ToolSet?
  /// Of a chat: what was said before.
  var said: [Turn] = []
  private let turns: ModelPrompt.Turns
  /// Tokens that end what is written.
  private let stops: Set<Int32>
  /// The one by which the model ends a turn.
  let end: Int32
  /// The first two tokens of a refusal; with the first alone other answers begin too.
  let refusalStart: (first: Int32, second: Int32)

  /// - Parameter prompt: of the model's folder; nil: ChatML where the vocabulary has its control
  ///   tokens, else plain text.
  /// - Throws: `PromptError.unknownToken`, `.unwritable`
  init(
    _ tokenizer: TextTokenizer, _ prompt: ModelPrompt? = nil, thinks: Bool = false
  ) throws {
    self.tokenizer = tokenizer
    let isChatML = tokenizer.controlToken("<|im_start|>") != nil
    let prompt =
      prompt ?? (isChatML ? PromptFamilies.chatML : PromptFamilies.plain).beginning(tokenizer)
    self.prompt = prompt
    turns = thinks ? prompt.turns : prompt.withoutThinking ?? prompt.turns
    let ends = try prompt.stop.map { try Self.token($0, tokenizer) }
    stops = Set(ends)
    end = ends.first ?? tokenizer.special.first ?? 0
    let refusal = tokenizer.encode(Self.refusal, .afterText)
    guard refusal.count > 1 else { throw PromptError.unwritable(Self.refusal) }
    refusalStart = (refusal[0], refusal[1])
    for pieces in [turns.beforeSystem, turns.beforeUser, turns.beforeAnswer] {
      try Self.check(pieces, tokenizer)
    }
  }

  private static func token(_ name: String, _ tokenizer: TextTokenizer) throws -> Int32 {
    guard let id = tokenizer.controlToken(name) else { throw PromptError.unknownToken(name) }
    return id
  }

  private static func check(_ pieces: [ModelPrompt.Piece], _ tokenizer: TextTokenizer) throws {
    for case .token(let name) in pieces { _ = try token(name, tokenizer) }
  }

  /// The same for a model that is told to think, or not to.
  func thinking(_ thinks: Bool) throws -> PromptFormat {
    try PromptFormat(tokenizer, prompt, thinks: thinks)
  }

  /// Tokens of a prompt's text in which control tokens may stand, such as a closing tag.
  func control(_ text: String) -> [Int32] {
    encode(tokenizer.parted(text).map { $0.isToken ? .token($0.text) : .text($0.text) }, .afterText)
  }

  /// True for a token that is no part of an answer but its end.
  func ends(_ token: Int32) -> Bool { stops.contains(token) || tokenizer.isSpecial(token) }

  /// Pieces as tokens. What stands between two control tokens is encoded at once, as by the
  /// libraries that models are trained with.
  private func encode(
    _ pieces: [ModelPrompt.Piece], _ place: TextPlace = .first
  ) -> [Int32] {
    var ids: [Int32] = []
    var text = ""
    var place = place
    for piece in pieces {
      switch piece {
      case .text(let more): text += more
      case .token(let name):
        ids += tokenizer.encode(text, place)
        text = ""
        place = .afterControlToken
        if let id = tokenizer.controlToken(name) { ids.append(id) }
      }
    }
    return ids + tokenizer.encode(text, place)
  }

  /// A prompt of one turn each: up to where the answer begins.
  func singleTurn(system: String, user: String) -> [Int32] {
    encode(beforeUser([.text(system)]) + [.text(user)] + turns.beforeAnswer)
  }

  private func beforeUser(_ system: [ModelPrompt.Piece]) -> [ModelPrompt.Piece] {
    prompt.hasSystemTurn
      ? turns.beforeSystem + system + turns.beforeUser
      : turns.beforeUser + system + [.text("\n\n")]
  }

  /// The tools that may be called, and how: nothing where there are none.
  private var told: [ModelPrompt.Piece] {
    guard let tools else { return [] }
    let style = prompt.toolStyle ?? .tagged
    let listed = tools.tools.map { $0.shown.text + "\n" }.joined()
    // A vocabulary may have the tags as tokens of their own.
    let tags = [style.open, style.close].map {
      tokenizer.controlToken($0) == nil ? ModelPrompt.Piece.text($0) : .token($0)
    }
    return [
      .text("\n\nTools:\n\(listed)\nA tool is called by:\n"), tags[0],
      .text("\n{\"name\": NAME, \"arguments\": {...}}\n"), tags[1],
    ]
  }

  /// Passages, or what stands where there are none.
  private func shown(_ passages: [String]) -> [Int32] {
    let listed = "\n\nPassages from the document:\n" + passages.joined(separator: "\n")
    return tokenizer.encode((passages.isEmpty ? "" : listed) + "\n\n", .afterText)
  }

  /// Passages before a question that tools may be called for, up to where calls begin.
  func calling(_ question: Question, passages: [String]) -> [Int32] {
    let told = instructions.map { $0 + "\n\n" } ?? ""
    return shown(passages) + closing("\(told)\(question.text)")
  }

  /// What stands before the document; without a task it is to be asked about later.
  func opening(_ task: ReadingTask?) -> [Int32] {
    if task == .chat { return chatOpening() }
    let system = "You read documents and answer truthfully and briefly."
    return encode(beforeUser([.text(system)] + told) + [.text(purpose(task))])
  }

  /// Up to where the user speaks last.
  private func chatOpening() -> [Int32] {
    let before = said.flatMap {
      [.text($0.question)] + turns.beforeAnswer + [.text($0.answer)] + turns.beforeUser
    }
    let system = instructions ?? "You are a helpful assistant."
    return encode(beforeUser([.text(system)] + told) + before)
  }

  /// After what the user said, up to where the model speaks.
  func chatClosing() -> [Int32] { closing("") }

  private func purpose(_ task: ReadingTask?) -> String {
    let purpose =
      switch task {
      case .summarize: "Read the document, then summarize it."
      case .ask(let question):
        "Read the document, then answer this question about it: \(question.text)"
      case .chat, .extract, nil: "Read the document, then answer questions about it."
      }
    return purpose + "\n\nDocument:\n"
  }

  /// The user's last words, up to where the answer begins.
  private func closing(_ text: String) -> [Int32] {
    encode([.text(text)] + turns.beforeAnswer, .afterText)
  }

  /// Passages before a question, up to where the answer begins; the best passage stands last,
  /// next to the question: small models look there first.
  func asked(_ question: Question, passages: [String]) -> [Int32] {
    let source = passages.isEmpty ? "" : ", from the passages"
    let told = instructions.map { $0 + "\n\n" } ?? ""
    return shown(passages)
      + closing("\(told)Question: \(question.text)\nAnswer in a few words\(source).")
  }

  /// Passages before a wish for data, up to where the data begins.
  /// - Parameters:
  ///   - wish: in words; nil where the schema says it all.
  ///   - schema: as JSON, or the names of what it asks for.
  func extraction(wish: String?, schema: String, passages: [String]) -> [Int32] {
    let wanted = wish.map { "\($0)\n" } ?? ""
    return shown(passages)
      + closing(
        "\(wanted)Take this data out of the document, as JSON under this schema:\n\(schema)")
  }

  /// A question that was answered, with its answer, up to where the user speaks again.
  func turn(_ turn: Turn) -> [Int32] {
    asked(Question(turn.question), passages: [])
      + encode([.text(turn.answer)] + turns.beforeUser, .afterText)
  }

  /// Sentences before the wish to condense them, up to where that begins.
  func summaryWanted(sentences: [String], focus: Question?) -> [Int32] {
    let listed = sentences.map { "- " + $0 }.joined(separator: "\n")
    let wanted = focus == nil ? "them" : "what they say about this"
    let question = focus.map { "Question: \($0.text)\n" } ?? ""
    return closing(
      "\n\nSentences from the document, in order:\n\(listed)\n\n\(question)Summarize \(wanted) "
        + "in one or two sentences.")
  }

  /// At a part's end, or at the document's: what it says, or what it says about something.
  func synopsisWanted(focus: Question?) -> [Int32] {
    let wanted =
      focus.map { "Question: \($0.text)\nSummarize what the document says about this" }
      ?? "Summarize this part of the document"
    return closing("\n\n\(wanted) in two or three sentences.")
  }

  /// At the document's end, after synopses of its parts.
  func summaryWanted(synopses: [String]) -> [Int32] {
    let listed = synopses.map { "- " + $0 }.joined(separator: "\n")
    return closing(
      "\n\nParts of the document, in order:\n\(listed)\n\n"
        + "Summarize what happens in the document in three or four sentences.")
  }

  /// A few tokens whose attention shows what the task will need: of a long question its beginning
  /// and its end.
  func probe(_ task: ReadingTask?) -> [Int32] {
    let text =
      switch task {
      case .ask(let question): "\n\nQuestion: \(question.text)\nAnswer:"
      case .summarize(let focus?): "\n\nQuestion: \(focus.text)\nAnswer:"
      case .summarize, .chat, .extract, nil: "\n\nIn short, the document says that"
      }
    let ids = tokenizer.encode(text, .afterText)
    return ids.count <= Self.longestProbe
      ? ids : ids.prefix(Self.longestProbe / 2) + ids.suffix(Self.longestProbe / 2)
  }
}
