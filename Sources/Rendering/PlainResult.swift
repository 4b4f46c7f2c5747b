package import Results

/// The answer and nothing else.
package enum PlainResult {
  package static func text(_ record: ResultRecord) -> String {
    guard let answers = record.answers else { return ForeignText.cleanLines(record.answer) }
    return answers.map { "\(ForeignText.clean($0.id)): \(ForeignText.line($0.answer))" }
      .joined(separator: "\n")
  }
}
