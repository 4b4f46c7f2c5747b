import Foundation
import Inference
import Reading
import Retrieval

/// Several answers from forks of one state, the best of which is given: thinking as optimization,
/// without words.
extension AnswerWriter {
  /// How answers besides the most likely one are drawn.
  private static let drawn = (temperature: 0.8, topP: 0.95)
  /// Units of the evidence that an answer's words are looked for in.
  private static let evidenceUnits = 3

  /// - Parameters:
  ///   - first: the answer that is given without more ado.
  ///   - count: of answers, with that one.
  /// - Returns: the one of the lowest energy, and all; the first alone where it is a refusal.
  /// - Throws: `ModelError`; `ReadingError.stopped` when the control says so.
  func deliberate(
    _ asked: Asked, over first: Candidate, count: Int, seed: UInt64, _ weights: EnergyWeights
  ) throws -> (best: Candidate, all: [WeighedAnswer]) {
    if first.refuses || count < 2 { return (first, []) }
    let ready = try ready(
      Prompt(passages: first.passages, match: first.match, ground: asked.ground))
    let drawn = try others(ready, asked.ground, count: count - 1, seed: seed)
    let all = [first] + drawn.map { candidate($0, like: first, asked.ground) }
    let prior = try priorBeginning(asked.ground)
    let texts = all.map(\.text)
    // Most of them are often the same: each is read once.
    var likelihoods: [[Int32]: (document: Double, prior: Double)] = [:]
    for ids in Set(all.map(\.ids)) {
      likelihoods[ids] = (
        try likelihood(of: ids, after: ready.beginning), try likelihood(of: ids, after: prior)
      )
    }
    let weighed = all.enumerated().map { index, one in
      let likelihood = likelihoods[one.ids] ?? (0, 0)
      let terms = AnswerEnergy(
        document: -likelihood.document, prior: likelihood.prior,
        disagreement: Self.disagreement(of: index, texts),
        unsupported: unsupported(one.text, asked))
      return WeighedAnswer(text: one.text, terms: terms, energy: terms.total(weights))
    }
    // Of equals the first: it was there without more ado.
    let order = weighed.indices.filter { !all[$0].refuses && !all[$0].text.isEmpty }
    let best = order.min { (weighed[$0].energy, $0) < (weighed[$1].energy, $1) } ?? 0
    return (all[best], weighed)
  }

  private func others(
    _ ready: Ready, _ ground: Ground, count: Int, seed: UInt64
  ) throws -> [AnswerGenerator.Generated] {
    let forks = Self.forks(of: ready.beginning.state)
    return try stride(from: 0, to: count, by: forks).flatMap { first in
      let starts = (first..<min(count, first + forks)).map { number in
        AnswerGenerator.Start(
          beginning: ready.beginning.fork(), forbidden: ready.forbidden,
          sampling: SamplingOptions(
            temperature: Self.drawn.temperature, topP: Self.drawn.topP,
            seed: seed &+ UInt64(number) &+ 1))
      }
      return try generator.generate(
        from: starts, limit: ground.mostTokens,
        progress: WritingProgress(control: ground.control, isOnly: false))
    }
  }

  private func candidate(
    _ written: AnswerGenerator.Generated, like first: Candidate, _ ground: Ground
  ) -> Candidate {
    var made = Candidate(
      text: written.text, refusal: first.refusal, confidence: written.confidence,
      match: first.match, generatedTokens: written.tokens,
      repeatsQuestion: ground.question.isRepeated(by: written.text), reasoning: first.reasoning,
      reasoningTokens: 0, written: Array(first.written.dropLast(first.ids.count)) + written.ids)
    made.ids = written.ids
    made.passages = first.passages
    return made
  }

  /// Where the same question is asked of a model that has read nothing.
  private func priorBeginning(_ ground: Ground) throws -> AnswerGenerator.Beginning {
    let state = model.makeState()
    try model.read(format.opening(nil), into: state)
    return try generator.begin(
      after: format.asked(ground.question, passages: []), state, ground.control)
  }

  /// Mean log probability of an answer's tokens and of its end.
  private func likelihood(
    of ids: [Int32], after beginning: AnswerGenerator.Beginning
  ) throws -> Double {
    let wanted = ids + [format.end]
    var sum = logProbability(of: Int(wanted[0]), beginning.logits)
    if !ids.isEmpty {
      try model.forEachLogits(of: ids, state: beginning.state.fork()) { index, logits in
        sum += logProbability(of: Int(wanted[index + 1]), logits)
      }
    }
    return sum / Double(wanted.count)
  }

  /// - Parameter texts: of all answers.
  package static func disagreement(of index: Int, _ texts: [String]) -> Double {
    guard texts.count > 1 else { return 0 }
    let others = texts.indices.filter { $0 != index }
    let agreed = others.reduce(0) { $0 + Candidate.agreement(of: texts[index], with: texts[$1]) }
    return 1 - agreed / Double(others.count)
  }

  /// Of an answer's words but the question's, the share that the best evidence does not have.
  private func unsupported(_ text: String, _ asked: Asked) -> Double {
    let words = Set(Words.stems(of: text)).subtracting(Words.stop)
      .subtracting(Words.stems(of: asked.ground.question.text))
    if words.isEmpty { return 0 }
    let units = asked.evidence.ranked.prefix(Self.evidenceUnits).map(\.unit)
    let known = Set(units.flatMap { Words.stems(of: asked.text.shown(unit: $0)) })
    return Double(words.subtracting(known).count) / Double(words.count)
  }
}
