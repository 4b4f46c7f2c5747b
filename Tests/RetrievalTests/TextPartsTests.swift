import Documents
import Foundation
import TestSupport
import Testing

@testable import Retrieval

/// How a text falls into parts.
@Suite struct TextPartsTests {
  /// Parts of a text whose every unit has this many tokens.
  private static func parts(_ document: Document, tokensAUnit: Int) -> [TextParts.Part] {
    let text = QuotableText(document)
    let count = text.units.ranges.count
    return TextParts(
      text, starts: (0..<count).map { $0 * tokensAUnit }, tokens: count * tokensAUnit
    ).all
  }

  private static func isWhole(_ parts: [TextParts.Part], _ document: Document) -> Bool {
    parts.flatMap { Array($0.units) } == Array(QuotableText(document).units.ranges.indices)
  }

  @Test func chaptersAreParts() throws {
    let text = try String(contentsOfFile: Repository.book, encoding: .utf8)
    let document = Document(name: "alice.txt", text: text)
    let parts = Self.parts(document, tokensAUnit: 22)
    #expect(Self.isWhole(parts, document))
    #expect(parts.count == 12)
    #expect(parts.first?.title == "Chapter 1 - Down the Rabbit-Hole")
    #expect(parts.last?.title == "Chapter 12 - Alice's Evidence")
  }

  @Test func headingsAreKnownByTheirForm() {
    for line in [
      "CHAPTER I.", "Chapter 12 - Alice's Evidence", "## Methods", "BOOK THE FIRST", "Letter 4",
      "PROLOGUE", "ACT II", "Part Two: The Road",
    ] { #expect(QuotableText.isHeading(line), "\(line)") }
    for line in [
      "Part of the trouble was the rain.", "Chapter and verse", "#!/bin/sh", "Act as you please",
      "Introduction of new species is forbidden in all of the parks of the county.",
      "Section 4 of the act, as amended,",
    ] { #expect(!QuotableText.isHeading(line), "\(line)") }
  }

  @Test func aNumberedChapterHasTheNameThatFollowsIt() {
    let body = (0..<100).map { "Sentence \($0) of it is here." }.joined(separator: " ")
    let text = "CHAPTER I.\nThe Sea\n\n\(body)\n\nCHAPTER II.\n\nHe said so, and left.\n\n\(body)"
    let parts = Self.parts(Document(name: "a.txt", text: text), tokensAUnit: 20)
    #expect(parts.map(\.title) == ["CHAPTER I. The Sea", "CHAPTER II."])
  }

  @Test func shortChaptersAreJoined() {
    let chapters = (1...6).map { number in
      let body = (0..<30).map { "Sentence \($0) of it." }.joined(separator: " ")
      return "Chapter \(number)\n\n\(body)"
    }
    let document = Document(name: "a.txt", text: chapters.joined(separator: "\n\n"))
    let parts = Self.parts(document, tokensAUnit: 25)
    #expect(
      parts.map(\.title) == [
        "Chapter 1 … Chapter 2", "Chapter 3 … Chapter 4", "Chapter 5 … Chapter 6",
      ])
    #expect(Self.isWhole(parts, document))
  }

  @Test func aTextWithoutEndsIsCutAtParagraphs() {
    let paragraphs = (0..<300).map { "Here is one \($0). And here is another." }
    let document = Document(name: "a.txt", text: paragraphs.joined(separator: "\n\n"))
    let parts = Self.parts(document, tokensAUnit: 40)
    #expect(parts.count == 3 && Self.isWhole(parts, document))
    #expect(parts.allSatisfy { $0.title == nil && $0.units.lowerBound % 2 == 0 })
    #expect(Self.parts(Document(name: "a.txt", text: "One. Two."), tokensAUnit: 9).count == 1)
    #expect(Self.parts(Document(name: "a.txt", text: " \n"), tokensAUnit: 9).isEmpty)
  }

  @Test func filesOfADirectoryAreParts() {
    let code = (0..<40).map { "let a\($0) = \($0)\n\n" }.joined()
    let size = code.unicodeScalars.count
    let document = Document(
      name: "dir", text: code + code + code,
      parts: ["a.swift", "b.swift", "c.swift"].enumerated().map {
        Document.Part(path: $1, start: $0 * size, length: size)
      })
    let parts = Self.parts(document, tokensAUnit: 50)
    #expect(parts.map(\.title) == ["a.swift", "b.swift", "c.swift"])
  }
}
