import Retrieval
package import Answering
import Documents
import Reading

/// Summaries of meetings (QMSum), stories (SQuALITY) and textbook sections, beside the text's
/// first sentences and TextRank's.
package struct SummarySuite: EvaluationSuite {
  /// Of each set at most.
  package var count: Int
  /// Every n-th record of the sections is kept out of training.
  private static let sectionsHeldOut = 50

  package var options: AnswerOptions

  package init(count: Int, options: AnswerOptions) {
    self.count = count
    self.options = options
  }

  package var parameters: String { "texts=\(count) \(options.description)" }

  package var files: [String] { ["qmsum_val", "squality_v1.3_dev", "openstax_section_summaries"] }

  package var ratios: [(name: String, of: String, to: String)] {
    [("to_lead", "rouge_l", "lead_rouge_l"), ("to_textrank", "rouge_l", "textrank_rouge_l")]
  }

  package func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws {
    for name in files.prefix(2) {
      for (index, record) in try data.records(name, as: QuestionedText.self).prefix(count)
        .enumerated()
      {
        let wanted = record.questions.filter { !$0.refs.isEmpty }.map {
          (focus: Optional($0.q), references: $0.refs)
        }
        try measure(name, index, record.text, wanted, answerer, log)
      }
    }

    let sections = try data.records(files[2], as: SummarizedText.self)
    for (index, record) in sections.enumerated().filter({ $0.offset % Self.sectionsHeldOut == 0 })
      .map(\.element).prefix(count).enumerated()
    {
      try measure("sections", index, record.text, [(nil, [record.summary])], answerer, log)
    }
  }

  private func measure(
    _ name: String, _ index: Int, _ text: String,
    _ wanted: [(focus: String?, references: [String])], _ answerer: Answerer,
    _ log: EvaluationLog
  ) throws {
    let keys = wanted.indices.map { "\(name)/\(index)/\($0)" }
    if keys.allSatisfy(log.has) { return }
    let lead = ExtractiveSummary.lead(text)
    let ranked = ExtractiveSummary.textRank(text)
    let isOfWholeText = wanted.contains { $0.focus == nil }
    let reading = try answerer.open(
      Document(name: name + ".txt", text: text), synopses: isOfWholeText ? options : nil)
    for (key, want) in zip(keys, wanted) {
      try log.add(key) {
        let focus = want.focus.map(Question.init)
        let answer = try answerer.summarize(reading, focus: focus, options)
        var values = Self.scores("", answer.text, want.references)
        values.merge(Self.scores("lead_", lead, want.references)) { $1 }
        values.merge(Self.scores("textrank_", ranked, want.references)) { $1 }
        values["written"] = answer.isWritten ? 1 : 0
        if answer.sentences.written > 0 {
          values["borne_out"] =
            Double(answer.sentences.kept) / Double(answer.sentences.written)
        }
        return EvaluationItem(
          group: name, values: values,
          texts: [
            "focus": want.focus ?? "", "summary": answer.text, "expected": want.references[0],
          ])
      }
    }
  }

  private static func scores(_ prefix: String, _ text: String, _ references: [String]) -> [String:
    Double]
  {
    let rouge = Rouge(text, references: references)
    return [
      prefix + "rouge_1": rouge.one, prefix + "rouge_2": rouge.two,
      prefix + "rouge_l": rouge.longest,
    ]
  }
}
