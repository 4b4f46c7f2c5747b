import Foundation
import Results

/// A result as Markdown: answers, outline, and quotes with their places. Words of documents and
/// models are text in it, never markup.
struct MarkdownResult {
  private let record: ResultRecord

  init(_ record: ResultRecord) { self.record = record }

  var text: String {
    var parts = ["# \(Self.line(record.document.name))"]
    if let answers = record.answers {
      for answer in answers {
        parts.append("## \(Self.line(answer.id)): \(Self.line(answer.question))")
        parts.append(Self.paragraphs(answer.answer))
        parts += answer.evidence.map(Self.quote)
      }
    } else {
      if let question = record.question { parts.append("## \(Self.line(question))") }
      parts.append(Self.paragraphs(record.answer))
      if record.uncertain == true { parts.append("*Uncertain: check the quotes.*") }
      parts += outline
      if !record.evidence.isEmpty { parts.append("## Quotes") }
      parts += record.evidence.map(Self.quote)
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private var outline: [String] {
    guard let entries = record.outline, entries.count > 1 else { return [] }
    let lines = entries.map { entry in
      let title = entry.title.map { "**\(Self.line($0))** " } ?? ""
      return "- \(title)\(Self.line(entry.synopsis))"
    }
    return ["## Outline", lines.joined(separator: "\n")]
  }

  private static func quote(_ quote: Quote) -> String {
    let place = QuoteText(quote).place
    let lines = Terminal.cleanLines(quote.quote).components(separatedBy: "\n")
      .map { "> " + escaped($0.trimmingCharacters(in: .whitespaces)) }
    return (lines + (place.isEmpty ? [] : [">", "> — \(escaped(place))"])).joined(separator: "\n")
  }

  private static func paragraphs(_ text: String) -> String {
    Terminal.cleanLines(text).components(separatedBy: "\n").map(escaped).joined(separator: "\n")
  }

  private static func line(_ text: String) -> String { escaped(Terminal.clean(text)) }

  /// All ASCII punctuation that may mean something (CommonMark 0.31.2, section 2.4); a number with
  /// a full stop at a line's beginning would be a list.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if "\\`*_{}[]<>#|~&$!".contains(character) { result += "\\" }
      result.append(character)
    }
    let digits = result.prefix(while: \.isNumber)
    if !digits.isEmpty, let next = result.dropFirst(digits.count).first, ".)".contains(next) {
      result.insert("\\", at: result.index(result.startIndex, offsetBy: digits.count))
    }
    if let first = result.first, "-+=".contains(first) { result = "\\" + result }
    return result
  }
}
