/// The words of a question that say what it is about.
struct QuestionTerms {
  /// A pasted page as a question would take memory for each of its words and units.
  private static let most = 32

  struct Term {
    let stem: UInt64
    /// Of words that begin alike; nil for words too short to tell.
    let likeness: UInt64?
    /// Of a function or type that the question is about.
    var isName = false
  }

  let terms: [Term]
  /// Content words that follow each other: terms, and how many words the second comes after the
  /// first.
  let pairs: [(first: Int, second: Int, distance: Int)]
  /// True when it asks about names themselves, not for where they are used.
  let asksForDefinitions: Bool

  /// - Parameter ofCode: names of functions and types are looked for, and with one found,
  ///   words that say what is asked of it count no more.
  init(_ question: String, ofCode: Bool) {
    var terms = [Term]()
    var slots = [UInt64: Int]()
    var places = [(slot: Int, position: Int)]()
    let bytes = Array(question.utf8)
    let names = ofCode ? CodeNames.places(in: bytes) : []
    var position = 0
    var asksForUses = false
    Words.forEach(in: bytes[...]) { form in
      if form.isWhole { position += 1 }
      guard form.isWhole, !Words.stop.contains(form.stem) else { return }
      let isName = names.contains(position - 1)
      if !isName, CodeNames.asksForUses(form.stem) { asksForUses = true }
      if !names.isEmpty, !isName, CodeNames.isAsking(form.stem) { return }
      if slots[form.stem] == nil {
        guard terms.count < Self.most else { return }
        slots[form.stem] = terms.count
        terms.append(Term(stem: form.stem, likeness: form.likeness))
      }
      if isName, let slot = slots[form.stem] { terms[slot].isName = true }
      if let slot = slots[form.stem] { places.append((slot, position)) }
    }
    self.terms = terms
    asksForDefinitions = !names.isEmpty && !asksForUses
    pairs = zip(places, places.dropFirst()).filter { $0.0.slot != $0.1.slot }
      .map { ($0.0.slot, $0.1.slot, $0.1.position - $0.0.position) }
  }

  private static let about = Words.stems(of: "about")[0]
  private static let ofSummaries = Set(
    Words.stems(of: "summary summaries summarize summarise gist overview"))
  /// What "about" does not go with: "About how many are there?"
  private static let ofDetails = Set(
    Words.stems(of: "how much many who whom whose when where why which"))
  private static let ofRequests = Set(
    Words.stems(of: "give write please short brief story novel file code repository"))

  /// Whether a question is about all of a text and nothing in it: "What is this book about?",
  /// "Summarize it, please."
  static func asksForSummary(_ question: String) -> Bool {
    let stems = Words.stems(of: question)
    guard
      stems.allSatisfy({
        ofSummaries.contains($0) || ofRequests.contains($0) || Words.stop.contains($0)
      })
    else { return false }
    return stems.contains(where: ofSummaries.contains)
      || stems.contains(about) && !stems.contains(where: ofDetails.contains)
  }
}
