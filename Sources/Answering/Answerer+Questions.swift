package import Documents
import Foundation
import Inference
package import Reading
package import Results
package import Retrieval

/// Questions about a document that was read.
extension Answerer {
  /// Answers a question about a document that was read, known before the reading or not.
  /// - Throws: `ReadingError`, `ModelError`
  package func answer(
    _ question: Question, from reading: DocumentReading, _ options: AnswerOptions = AnswerOptions()
  ) throws -> Answer {
    try answers([question], from: reading, options)[0]
  }

  /// Answers several questions about a document that was read, together: each as it would be by
  /// itself.
  /// - Throws: `ReadingError`, `ModelError`
  package func answers(
    _ questions: [Question], from reading: DocumentReading,
    _ options: AnswerOptions = AnswerOptions()
  ) throws -> [Answer] {
    if questions.contains(where: \.isBlank) { throw ReadingError.emptyQuestion }
    let route = reading.hasRead ? options.route ?? route : .passages
    let all = try questions.map { question -> Pending? in
      let plan = AnswerPlan(question.kind, kind, route, hasRead: reading.hasRead)
      guard case .answer(let route) = plan.source else { return nil }
      return try pending(question, plan, route, reading, options)
    }
    let asked = all.compactMap { $0?.asked }
    var candidates = try writer(options).candidates(asked)[...]
    return try all.map { one in
      guard let one else { return try summarize(reading, options) }
      return try answer(one, candidates.removeFirst(), reading, options)
    }
  }

  /// A question on its way to an answer.
  private struct Pending {
    let plan: AnswerPlan
    let route: AnswerRoute
    let asked: AnswerWriter.Asked
    let start = ContinuousClock.now
  }

  /// What is looked for in the text: "Where did she go?" is about whom the answer before named.
  private static func looked(for question: Question, _ options: AnswerOptions) -> Question {
    guard let last = options.turns.last, question.refersBack else { return question }
    return Question("\(question.text) \(last.answer)")
  }

  private func pending(
    _ question: Question, _ plan: AnswerPlan, _ route: AnswerRoute, _ reading: DocumentReading,
    _ options: AnswerOptions
  ) throws -> Pending {
    let evidence = Evidence(
      reading.text, reading.lexicalScores(Self.looked(for: question, options)),
      attention: try attention(of: .ask(question), reading, isAsked: plan.asksAttention))
    let ground = AnswerWriter.Ground(
      question: question, state: try state(for: question, route, reading, options),
      mostTokens: options.mostTokens, control: reading.control, isOnly: plan.shown != .single,
      thinking: try thinking(options))
    return Pending(
      plan: plan, route: route,
      asked: AnswerWriter.Asked(
        shown: plan.shown, evidence: evidence, text: reading.text, ground: ground))
  }

  private func answer(
    _ pending: Pending, _ candidates: Candidates, _ reading: DocumentReading,
    _ options: AnswerOptions
  ) throws -> Answer {
    let (start, route, evidence) = (pending.start, pending.route, pending.asked.evidence)
    let support = Support(
      words: evidence.support, refusal: candidates.refusal, isSpread: evidence.isSpread)
    let generated = candidates.all.reduce(0) { $0 + $1.generatedTokens }
    var took = figures(reading, answering: .now - start, generated: generated)
    if let thinking = pending.asked.ground.thinking {
      took.reasoningTokens = candidates.all.reduce(0) { $0 + $1.reasoningTokens }
      took.generatedTokens += took.reasoningTokens ?? 0
      took.seed = thinking.sampling.temperature > 0 ? options.seed : nil
    }

    guard let first = candidates.all.last,
      support.isEnough(route.showsPassages ? .chosen : .fromReading)
    else {
      return Self.unsupported(
        support, candidates.all, near: Self.quotes(evidence, reading).prefix(3), route,
        reading.documentTokens, took)
    }

    let (best, weighed) = try writer(options).deliberate(
      pending.asked, over: first, count: options.effort, seed: options.seed, energyWeights)
    took.generatedTokens += weighed.dropFirst().reduce(0) { $0 + countTokens($1.text) }
    if !weighed.isEmpty { took.seed = options.seed }
    let path =
      pending.plan.wording == .path
      ? evidence.ranked.first.flatMap { reading.text.path(ofUnit: $0.unit) } : nil
    let quotes =
      path == nil
      ? try quotes(of: best, support, evidence, route, reading) : Quotes(evidence: evidence)
    took.answerSeconds = Self.seconds(since: start, with: reading)
    return Answer(
      text: path ?? best.text, isSupported: true, support: support, candidates: candidates.all,
      evidence: Self.quotes(quotes.evidence, reading, answer: path ?? best.text),
      isLedByAttention: quotes.areLedByAttention, documentTokens: reading.documentTokens,
      answeredFrom: route, weighed: weighed, reasoning: best.reasoning, figures: took)
  }

  /// Questions that are answered together.
  private static let mostTogether = 8

  /// Reads the document once, front to back, and answers many questions about it.
  /// - Parameters:
  ///   - known: how many of the first have their answer already.
  ///   - answered: told the answers to some, in their order.
  /// - Returns: what the reading took.
  /// - Throws: as `read`, and what `answered` throws
  package func read(
    _ document: Document, questions: [Question], known: Int = 0, options: AnswerOptions,
    control: ReadingControl, answered: ([Answer]) throws -> Void
  ) throws -> (tokens: Int, figures: ReadingFigures) {
    // What cannot be answered is said before hours of reading.
    guard let first = questions.first, !questions.contains(where: \.isBlank) else {
      throw ReadingError.emptyQuestion
    }
    _ = try thinking(options)
    let reading = try reading(
      DocumentTokens(document, tokenizer, control), .ask(first), options, control)
    let begun = ContinuousClock.now
    var written = 0
    do {
      for start in stride(from: known, to: questions.count, by: Self.mostTogether) {
        let next = questions[start..<min(questions.count, start + Self.mostTogether)]
        let answers = try answers(Array(next), from: reading, options)
        written += answers.reduce(0) { $0 + $1.figures.generatedTokens }
        try answered(answers)
      }
    } catch ReadingError.stopped {
      reading.stopping()
      throw ReadingError.stopped
    }
    return (
      reading.documentTokens, figures(reading, answering: .now - begun, generated: written)
    )
  }

  private struct Quotes {
    let evidence: Evidence
    /// The first would be another one by words alone.
    var areLedByAttention = false
  }

  /// What of the text bears an answer out: by the words of question and answer, and by attention.
  private func quotes(
    of answer: Candidate, _ support: Support, _ evidence: Evidence, _ route: AnswerRoute,
    _ reading: DocumentReading
  ) throws -> Quotes {
    let words = LexicalScores(Question(answer.text), reading.text)
    guard words.hasTerms else { return Quotes(evidence: evidence) }
    let none = [Double](repeating: 0, count: reading.text.units.ranges.count)
    let isSure = !answer.isDoubtful(support)
    let unled = Evidence(
      reading.text, evidence.lexical, answer: words, attention: none, isSure: isSure)
    guard let looks = try looks(of: answer, route, reading) else { return Quotes(evidence: unled) }
    let led = Evidence(
      reading.text, evidence.lexical, answer: words, attention: looks, isSure: isSure)
    return Quotes(
      evidence: led, areLedByAttention: led.ranked.first?.unit != unled.ranked.first?.unit)
  }

  /// Where layers that remember keys and values looked while an answer was written.
  private func looks(
    of answer: Candidate, _ route: AnswerRoute, _ reading: DocumentReading
  ) throws -> [Double]? {
    guard route.usesState, reading.hasRead else { return nil }
    return try reading.attention(while: answer.written, model)
  }

  /// What the text has nearest to the question is shown, though it does not answer it.
  private static func unsupported(
    _ support: Support, _ candidates: [Candidate], near: ArraySlice<Quote>, _ route: AnswerRoute,
    _ documentTokens: Int, _ figures: ReadingFigures
  ) -> Answer {
    Answer(
      text: "The document does not say.", isSupported: false, support: support,
      candidates: candidates, evidence: Array(near),
      documentTokens: documentTokens, answeredFrom: route, figures: figures)
  }
}
