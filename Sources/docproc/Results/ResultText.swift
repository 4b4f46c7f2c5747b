import Answering
import Foundation
import Jobs
import Rendering
import Results

/// A completed job as the CLI prints it.
extension ResultOutput {
  /// - Parameters:
  ///   - quotes: at most so many.
  ///   - columns: that lines of prose are wrapped to.
  func text(quotes most: Int, columns: Int, _ style: TextStyle = .plain) -> String {
    let notes = ((record.notes ?? []) + (record.reading.notes ?? [])).map {
      "\nnote: " + ForeignText.clean($0)
    }
    if let answers = record.answers {
      return text(of: answers, columns: columns, style) + notes.joined()
    }
    if record.extraction != nil || record.calls != nil {
      return data(quotes: most, columns: columns, style) + notes.joined()
    }
    let isSummary = record.task == JobTask.summarize.rawValue
    let heading = isSummary ? "Summary" : "Answer"
    let shown = record.evidence.prefix(isSummary ? max(most, record.evidence.count) : most)
    let more = record.evidence.count - shown.count
    let quotes = shown.map { QuoteText($0, style).lines(columns: columns).joined(separator: "\n") }
    let uncertain = record.uncertain == true ? "\n(uncertain: check the quotes)" : ""
    return """
      \(heading) of \(ForeignText.clean(record.document.name))\(record.question.map { ": \(ForeignText.clean($0))" } ?? "")\(Self.source(record))

      \(Self.paragraphs(record.answer, columns).map(style.bold).joined(separator: "\n"))\(uncertain)
      \(Self.outline(record.outline ?? []))
      \(isSummary ? "Highlights" : Self.kind(record))
      \(quotes.isEmpty ? Self.noQuotes(record) : quotes.joined(separator: "\n"))\(more > 0 ? "\n  and \(more) more: docproc result \(status.id) --quotes \(record.evidence.count)" : "")

      \(figures)\(notes.joined())
      """
  }

  /// Data and calls are for programs: they are not broken into lines.
  private func data(quotes most: Int, columns: Int, _ style: TextStyle) -> String {
    let name = ForeignText.clean(record.document.name)
    let heading = record.calls == nil ? "Data of \(name)" : "Calls after \(name)"
    let missing = (record.fields ?? []).filter { !$0.supported }.map {
      "  \(ForeignText.clean($0.pointer)) is not in the text in these words"
    }
    let quotes = record.evidence.prefix(most).map {
      QuoteText($0, style).lines(columns: columns).joined(separator: "\n")
    }
    let evidence = record.fields == nil ? [] : ["", "Evidence"] + quotes + missing
    let lines = [heading, "", style.bold(ForeignText.cleanLines(record.answer))] + evidence
    return (lines + ["", figures]).joined(separator: "\n")
  }

  private var figures: String {
    let reading = record.reading
    let reused = reading.reusedTokens.map { "\($0) tokens of a kept reading, " } ?? ""
    let read =
      "\(reading.tokensRead) tokens read in \(reading.passes) pass, \(Int(reading.seconds)) s "
      + "at \(Int(reading.tokensPerSecond)) tokens/s"
    return reused + (reused.isEmpty || reading.tokensRead > 0 ? read : "none read anew")
      + ", answered in \(Int(reading.answerSeconds.rounded())) s, "
      + "peak memory \(reading.peakRSSBytes >> 20) MiB, "
      + "model \(ForeignText.clean(record.model.name)), worker \(ForeignText.clean(record.worker))"
  }

  /// Of many questions each with its answer and its first quote.
  private func text(
    of answers: [ResultRecord.AnswerInfo], columns: Int, _ style: TextStyle
  ) -> String {
    let blocks = answers.map { one in
      let unsure = one.supported && one.uncertain ? " (uncertain: check the quotes)" : ""
      let quote = one.evidence.first.map { QuoteText($0, style).lines(columns: columns) } ?? []
      return
        ([
          ForeignText.clean(one.id)
            + (one.question.isEmpty ? "" : ": \(ForeignText.clean(one.question))"),
          "  " + style.bold(ForeignText.line(one.answer)) + unsure,
        ] + (one.supported ? quote : [])).joined(separator: "\n")
    }
    return "Answers of \(ForeignText.clean(record.document.name))\n\n"
      + blocks.joined(separator: "\n\n") + "\n\n" + figures
  }

  /// Lines of the answer as they are, those that are too long broken between words.
  private static func paragraphs(_ answer: String, _ columns: Int) -> [String] {
    ForeignText.cleanLines(answer).components(separatedBy: "\n").flatMap { line in
      line.count > columns ? Terminal.wrapped(line, columns: columns) : [line]
    }
  }

  /// Beside a refusal stand the nearest passages, which are no evidence.
  private static func kind(_ record: ResultRecord) -> String {
    record.supported ? "Evidence" : "Nearest passages, which do not answer it"
  }

  private static func noQuotes(_ record: ResultRecord) -> String {
    record.task == JobTask.summarize.rawValue ? "  none" : "  nothing in it comes near"
  }

  /// Whose words a summary is, where they are not the model's.
  private static func source(_ record: ResultRecord) -> String {
    guard record.answeredFrom == "highlights" else { return "" }
    return record.document.tokens < Answerer.leastSummarized && record.question == nil
      ? " (the document itself, which is short)"
      : " (sentences of the document: nothing the model wrote is borne out by it)"
  }

  private static func outline(_ entries: [OutlineEntry]) -> String {
    guard entries.count > 1 else { return "" }
    let lines = entries.map { entry in
      let quoted = entry.written ? "" : " (quoted)"
      let title = entry.title.map { "\($0): " } ?? ""
      return ForeignText.clean(
        "  [\(entry.start):\(entry.end)] \(title)\(entry.synopsis)\(quoted)")
    }
    return "\nOutline (offsets in the document's text)\n" + lines.joined(separator: "\n") + "\n"
  }
}
