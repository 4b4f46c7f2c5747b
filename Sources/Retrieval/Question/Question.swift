/// A question about a text, parsed once.
package struct Question: Sendable {
  /// What has to be looked at to answer it.
  package enum Kind: Sendable, Equatable {
    /// All of the text and nothing in it: "What is this book about?"
    case wholeText
    /// Which file of a codebase something is in: "In which file is parse defined?"
    case file
    /// What the text says somewhere.
    case passage
  }

  package let text: String
  package let kind: Kind
  /// Whole words and parts of identifiers, in order.
  let forms: [Words.Form]
  /// Of the whole words, by position, those that are names where the text is code.
  let names: Set<Int>

  package init(_ text: String) {
    let bytes = Array(text.utf8)
    var forms: [Words.Form] = []
    Words.forEach(in: bytes[...]) { forms.append($0) }
    let stems = forms.filter(\.isWhole).map(\.stem)
    let names = CodeNames.places(of: forms, in: bytes)
    self.text = text
    self.forms = forms
    self.names = names
    kind =
      QuestionWords.askForSummary(stems)
      ? .wholeText : CodeNames.askForFile(stems, hasNames: !names.isEmpty) ? .file : .passage
  }

  /// True where there is nothing but white space.
  package var isBlank: Bool { text.allSatisfy(\.isWhitespace) }

  /// Whether a word stands for something that was named before.
  package var refersBack: Bool {
    forms.contains { $0.isWhole && Self.pronouns.contains($0.stem) }
  }

  private static let pronouns = Set(
    Words.stems(
      of: "he him his she her hers it its they them their theirs this that these those there"))

  /// Whether all words of an answer but articles stand in the question, whatever their endings.
  package func isRepeated(by answer: String) -> Bool {
    let known = Set(forms.filter(\.isWhole).map(\.stem)).union(Words.articles)
    return Set(Words.stems(of: answer)).isSubset(of: known)
  }
}

extension Question: Equatable {
  package static func == (one: Question, other: Question) -> Bool {
    // Byte for byte: strings that Unicode calls equal may differ in tokens.
    one.text.utf8.elementsEqual(other.text.utf8)
  }
}

/// Words that tell what kind of question it is.
enum QuestionWords {
  private static let about = Words.stems(of: "about")[0]
  private static let ofSummaries = Set(
    Words.stems(of: "summary summaries summarize summarise gist overview"))
  /// What "about" does not go with: "About how many are there?"
  private static let ofDetails = Set(
    Words.stems(of: "how much many who whom whose when where why which"))
  private static let ofRequests = Set(
    Words.stems(of: "give write please short brief story novel file code repository"))

  /// Whether these words ask about all of a text: "Summarize it, please."
  static func askForSummary(_ stems: [UInt64]) -> Bool {
    let areOfRequests = stems.allSatisfy { stem in
      ofSummaries.contains(stem) || ofRequests.contains(stem) || Words.stop.contains(stem)
    }
    guard areOfRequests else { return false }

    return stems.contains(where: ofSummaries.contains)
      || stems.contains(about) && !stems.contains(where: ofDetails.contains)
  }
}
