import Foundation
import Inference
import Reading
import Retrieval

/// Answers questions on forks of a state: of a reading, or of one that has read nothing.
package struct AnswerWriter {
  let model: LanguageModel
  let format: PromptFormat
  let generator: AnswerGenerator
  private let tuning = AnswerTuning.chosen
  /// Tokens of a prompt that are read a second time.
  private static let mostTraced = 1024

  /// What an answer is written on.
  struct Ground {
    let question: Question
    /// After the opening, and the document where it was read. It stays as it is.
    let state: ReadingState
    let mostTokens: Int
    let control: ReadingControl
    /// True where this answer is given, whatever it is: it can be shown while it is written.
    var isOnly = true
    /// How the model thinks first; nil where it does not.
    var thinking: Reasoning?
  }

  /// A question with what its plan shows of a text.
  struct Asked {
    let shown: AnswerPlan.Shown
    let evidence: Evidence
    let text: QuotableText
    let ground: Ground
  }

  /// The answers to what the plans of several questions show, written together.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func candidates(_ asked: [Asked]) throws -> [Candidates] {
    let first = asked.map(firstPrompts)
    let answers = try answered(first)
    let alone = answers.map { Candidates(alone: $0) }
    let more = zip(asked, alone).map { morePrompts($0, after: $1) }
    let together = try answered(more)
    return asked.indices.map { index in
      if more[index].isEmpty { return alone[index] }
      return Candidates(
        agreeing: answers[index].prefix(1) + together[index],
        besides: Array(answers[index].dropFirst()))
    }
  }

  /// What the model is shown before a question.
  struct Prompt {
    let passages: [String]
    let match: Double
    let ground: Ground
  }

  /// One prompt, or for a small model one for each of the best passages.
  private func firstPrompts(_ asked: Asked) -> [Prompt] {
    let (evidence, text, ground) = (asked.evidence, asked.text, asked.ground)
    switch asked.shown {
    case .nothing: return [Prompt(passages: [], match: 1, ground: ground)]
    case .inOrder(let bytes):
      let passages = Passages.inOrder(bytes: bytes, evidence, text)
      return [Prompt(passages: passages, match: 1, ground: ground)]
    case .single:
      let top = evidence.ranked.first?.score ?? 0
      return evidence.ranked.prefix(evidence.isSpread ? 1 : tuning.singles).map { ranked in
        Prompt(
          passages: Passages.around(ranked.unit, evidence, text),
          match: ranked.score / max(top, 1e-6), ground: ground)
      }
    }
  }

  /// Where no passage stands out, or the answers to them are no good: more and more stretches of the
  /// text at once.
  private func morePrompts(_ asked: Asked, after alone: Candidates) -> [Prompt] {
    let evidence = asked.evidence
    guard asked.shown == .single, evidence.isSpread || alone.areUnsure, evidence.ranked.count > 1
    else { return [] }
    return Passages.together(tuning.views, evidence, asked.text).map {
      Prompt(passages: $0, match: 1, ground: asked.ground)
    }
  }

  /// Forks of a state that are held at once, and the bytes that they may take.
  private static let mostForks = (count: 8, bytes: 2 << 30)

  static func forks(of state: ReadingState) -> Int {
    min(mostForks.count, max(1, mostForks.bytes / max(state.byteCount, 1)))
  }

  /// The answers to several prompts of each question.
  private func answered(_ prompts: [[Prompt]]) throws -> [[Candidate]] {
    let all = prompts.flatMap(\.self)
    let forks = all.first.map { Self.forks(of: $0.ground.state) } ?? 1
    var answers: [Candidate] = []
    for start in stride(from: 0, to: all.count, by: forks) {
      answers += try together(Array(all[start..<min(all.count, start + forks)]))
    }
    var next = 0
    return prompts.map { own in
      defer { next += own.count }
      return Array(answers[next..<next + own.count])
    }
  }

  /// What is read again before an answer, to see where the model looks for it: the question, and
  /// passages only where they are few, since many take as long as they took before.
  private func traced(_ prompt: [Int32], _ question: Question) -> [Int32] {
    prompt.count <= Self.mostTraced ? prompt : format.asked(question, passages: [])
  }

  /// The answer to a question and passages alone.
  func candidate(_ passages: [String], match: Double, _ ground: Ground) throws -> Candidate {
    try together([Prompt(passages: passages, match: match, ground: ground)])[0]
  }

  /// A prompt that was read, up to where the answer begins.
  struct Ready {
    let prompt: [Int32]
    let beginning: AnswerGenerator.Beginning
    let thought: Reasoning.Thought?
    let refusal: Double
    let forbidden: Int32?
  }

  func ready(_ shown: Prompt) throws -> Ready {
    let ground = shown.ground
    let prompt = format.asked(ground.question, passages: shown.passages)
    var beginning = try generator.begin(after: prompt, ground.state, ground.control)
    var thought: Reasoning.Thought?
    if let thinking = ground.thinking {
      let made = try generator.think(
        from: beginning, thinking, format, progress: WritingProgress(control: ground.control))
      beginning = made.beginning
      thought = made
    }
    let refusal = try generator.probability(of: format.refusalStart, after: beginning)
    // An answer may begin with the refusal's first token, as "Notre Dame" does.
    let first = format.refusalStart.first
    let forbidden = refusal > beginning.probability(of: first) / 2 ? first : nil
    return Ready(
      prompt: prompt, beginning: beginning, thought: thought, refusal: refusal,
      forbidden: forbidden)
  }

  /// The most likely answers, and how likely the model rather refused; written token by token
  /// together, so that the weights are streamed once for all.
  private func together(_ shown: [Prompt]) throws -> [Candidate] {
    let ready = try shown.map(ready)
    let ground = shown[0].ground
    let answers = try generator.generate(
      from: ready.map { AnswerGenerator.Start(beginning: $0.beginning, forbidden: $0.forbidden) },
      limit: ground.mostTokens,
      progress: WritingProgress(
        control: ground.control, before: ready.reduce(0) { $0 + ($1.thought?.ids.count ?? 0) },
        isOnly: ground.isOnly && shown.count == 1))
    return zip(zip(shown, ready), answers).map { candidate($0.0, $0.1, $1) }
  }

  private func candidate(
    _ shown: Prompt, _ ready: Ready, _ answer: AnswerGenerator.Generated
  ) -> Candidate {
    let question = shown.ground.question
    let thought = ready.thought
    // A model may close its thoughts once more: the last time counts.
    let last = shown.ground.thinking.flatMap {
      answer.text.components(separatedBy: $0.tags.close).last
    }
    let text = (last ?? answer.text).trimmingCharacters(in: .whitespacesAndNewlines)
    return Candidate(
      text: text, refusal: ready.refusal, confidence: answer.confidence, match: shown.match,
      generatedTokens: answer.tokens, repeatsQuestion: question.isRepeated(by: text),
      reasoning: thought?.text ?? "", reasoningTokens: thought?.ids.count ?? 0,
      written: traced(ready.prompt, question) + answer.ids, ids: answer.ids,
      passages: shown.passages)
  }
}
