import Documents
import Foundation

/// A text as its author cut it: chapters, files; elsewhere stretches of about 8,000 tokens.
package struct TextParts {
  package struct Part: Sendable, Equatable {
    /// The chapter's heading or the file's path, as far as there is one.
    package let title: String?
    package let units: Range<Int>
  }

  /// Tokens of a part that has no ends of its own.
  private static let usual = 8_000
  /// Tokens that a chapter may have before it is cut.
  private static let most = 12_000
  /// Tokens below which a part is joined with the next.
  private static let least = 1_500
  /// Parts of a text, at most, about.
  private static let count = 64

  package let all: [Part]

  /// - Parameters:
  ///   - starts: of each unit, its first token.
  ///   - tokens: of the whole text.
  package init(_ text: QuotableText, starts: [Int], tokens: Int) {
    let least = max(Self.least, tokens / Self.count)
    let sections = Self.joined(Self.sections(text), starts, tokens, atLeast: least)
    let most = max(Self.most, 2 * least)
    let usual = max(Self.usual, least)
    all = sections.flatMap { section in
      let size = Self.size(section.units, starts, tokens)
      return size <= most
        ? [section] : Self.cut(section, into: (size + usual - 1) / usual, text, starts, tokens)
    }
  }

  /// How a text is cut, where its author's cuts are wanted and nothing is joined.
  package enum Kind: String, Sendable, CaseIterable {
    /// As for an outline: chapters or files, joined where they are short, cut where they are long.
    case part
    case chapter, file, page, mail
  }

  /// From each chapter, file, page or mail to the next; empty where the text has none.
  /// - Parameter kind: not `part`.
  package static func each(_ kind: Kind, of text: QuotableText) -> [Part] {
    switch kind {
    case .part: return []
    case .file: return text.document.isDirectory ? sections(text) : []
    case .chapter, .mail:
      let all = text.document.isDirectory ? [] : sections(text)
      return all.contains { $0.title != nil } ? all : []
    case .page: return pages(text)
    }
  }

  private static func pages(_ text: QuotableText) -> [Part] {
    var parts: [Part] = []
    for unit in text.units.ranges.indices {
      let page = text.page(ofUnit: unit)
      if let last = parts.last, last.title == page {
        parts[parts.count - 1] = Part(title: page, units: last.units.lowerBound..<unit + 1)
      } else {
        parts.append(Part(title: page, units: unit..<unit + 1))
      }
    }
    return parts.contains { $0.title != nil } ? parts : []
  }

  private static func size(_ units: Range<Int>, _ starts: [Int], _ tokens: Int) -> Int {
    let end = units.upperBound < starts.count ? starts[units.upperBound] : tokens
    return end - starts[units.lowerBound]
  }

  /// From each heading or file to the next.
  private static func sections(_ text: QuotableText) -> [Part] {
    let count = text.units.ranges.count
    guard count > 0 else { return [] }
    var begins = (0..<count).compactMap { unit in
      text.title(beginningAt: unit).map { (unit: unit, title: Optional($0)) }
    }
    if begins.first?.unit != 0 { begins.insert((0, nil), at: 0) }
    let ends = begins.dropFirst().map(\.unit) + [count]
    return zip(begins, ends).map { Part(title: $0.title, units: $0.unit..<$1) }
  }

  /// Short ones go with what follows, the last ones with what is before.
  private static func joined(
    _ sections: [Part], _ starts: [Int], _ tokens: Int, atLeast least: Int
  ) -> [Part] {
    var parts: [Part] = []
    for section in sections {
      if let last = parts.last, size(last.units, starts, tokens) < least {
        parts[parts.count - 1] = joined(last, section)
      } else {
        parts.append(section)
      }
    }
    if parts.count > 1, size(parts[parts.count - 1].units, starts, tokens) < least {
      let last = parts.removeLast()
      parts[parts.count - 1] = joined(parts[parts.count - 1], last)
    }

    return parts
  }

  private static func joined(_ first: Part, _ second: Part) -> Part {
    let begin = first.title?.components(separatedBy: Self.range).first
    let titles = [begin, second.title?.components(separatedBy: Self.range).last]
      .compactMap(\.self)
    return Part(
      title: titles.isEmpty ? nil : titles.joined(separator: Self.range),
      units: first.units.lowerBound..<second.units.upperBound)
  }

  /// Between the first and the last title of parts that were joined.
  private static let range = " … "

  /// Stretches of about the same size, which begin paragraphs where there are any.
  private static func cut(
    _ part: Part, into count: Int, _ text: QuotableText, _ starts: [Int], _ tokens: Int
  ) -> [Part] {
    let first = starts[part.units.lowerBound]
    let size = size(part.units, starts, tokens)
    var begins = [part.units.lowerBound]
    for number in 1..<count {
      let wanted = first + number * size / count
      let begin = text.paragraph(near: wanted, within: part.units, starts)
      if begin > begins[begins.count - 1] { begins.append(begin) }
    }
    let ends = begins.dropFirst() + [part.units.upperBound]
    return zip(begins, ends).enumerated().map { number, units in
      let title = part.title.map { "\($0) (\(number + 1) of \(begins.count))" }
      return Part(title: title, units: units.0..<units.1)
    }
  }
}

extension QuotableText {
  /// The first unit of a paragraph near a token; the unit itself where no paragraph is near.
  fileprivate func paragraph(near token: Int, within range: Range<Int>, _ starts: [Int]) -> Int {
    let unit = range.first { starts[$0] >= token } ?? range.upperBound - 1
    let around = max(range.lowerBound + 1, unit - 20)..<min(range.upperBound, unit + 20)
    let best = around.filter(beginsParagraph).min { abs($0 - unit) < abs($1 - unit) }
    return best ?? unit
  }
}
