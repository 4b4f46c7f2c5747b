import Foundation
package import Results

/// A result as Markdown: answers, outline, and quotes with their places. Words of documents and
/// models are text in it, never markup.
package struct MarkdownResult {
  private let record: ResultRecord

  package init(_ record: ResultRecord) { self.record = record }

  package var text: String {
    var parts = ["# \(Self.line(record.document.name))"]
    if let answers = record.answers {
      for answer in answers {
        parts.append("## \(Self.line(answer.id)): \(Self.line(answer.question))")
        parts.append(Self.paragraphs(answer.answer))
        if answer.uncertain { parts.append(Self.uncertain) }
        parts += answer.supported || answer.evidence.isEmpty ? [] : [Self.near]
        parts += answer.evidence.map(Self.quote)
      }
    } else {
      if let question = record.question { parts.append("## \(Self.line(question))") }
      parts.append(Self.paragraphs(record.answer))
      if record.uncertain == true { parts.append(Self.uncertain) }
      parts += outline
      if !record.evidence.isEmpty { parts.append(record.supported ? "## Quotes" : Self.near) }
      parts += record.evidence.map(Self.quote)
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static let uncertain = "*Uncertain: check the quotes.*"
  private static let near = "*Nearest passages, which do not answer it:*"

  private var outline: [String] {
    guard let entries = record.outline, entries.count > 1 else { return [] }
    let lines = entries.map { entry in
      let title = entry.title.map { "**\(Self.line($0))** " } ?? ""
      return "- \(title)\(Self.line(entry.synopsis))"
    }
    return ["## Outline", lines.joined(separator: "\n")]
  }

  private static func quote(_ quote: Quote) -> String {
    let place = quote.place
    let lines = ForeignText.cleanLines(quote.quote).components(separatedBy: "\n")
      .map { "> " + escaped($0.trimmingCharacters(in: .whitespaces)) }
    return (lines + (place.isEmpty ? [] : [">", "> — \(escaped(place))"])).joined(separator: "\n")
  }

  private static func paragraphs(_ text: String) -> String {
    ForeignText.cleanLines(text).components(separatedBy: "\n").map(escaped).joined(separator: "\n")
  }

  private static func line(_ text: String) -> String { escaped(ForeignText.line(text)) }

  /// All ASCII punctuation that may mean something (CommonMark 0.31.2, section 2.4); at a line's
  /// beginning also what would make it a list, a heading or code.
  private static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    let special = Set("\\`*_{}[]<>#|~&$!".unicodeScalars)
    let scalars = Array(text.trimmingCharacters(in: .whitespaces).unicodeScalars)
    let digits = scalars.prefix { ("0"..."9").contains($0) }.count
    for (index, scalar) in scalars.enumerated() {
      let opensList =
        index == 0 && "-+=".unicodeScalars.contains(scalar)
        || index == digits && digits > 0 && ".)".unicodeScalars.contains(scalar)
      if opensList || special.contains(scalar) { result.append("\\") }
      result.append(scalar)
    }
    return String(result)
  }
}
