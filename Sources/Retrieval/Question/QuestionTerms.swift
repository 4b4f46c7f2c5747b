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

  /// Two terms that follow each other in the question.
  struct Pair {
    let first: Int
    let second: Int
    /// How many words the second comes after the first.
    let distance: Int
  }

  private(set) var terms: [Term] = []
  private(set) var pairs: [Pair] = []
  /// True when it asks about names themselves, not for where they are used.
  private(set) var asksForDefinitions = false

  /// - Parameter ofCode: names of functions and types are looked for, and with one found,
  ///   words that say what is asked of it count no more.
  init(_ question: Question, ofCode: Bool) {
    let names = ofCode ? question.names : []
    var places: [(slot: Int, position: Int)] = []
    var position = 0
    var asksForUses = false
    for form in question.forms where form.isWhole {
      position += 1
      let isName = names.contains(position - 1)
      guard !Words.stop.contains(form.stem) else { continue }
      if !isName, CodeNames.asksForUses(form.stem) { asksForUses = true }
      if !names.isEmpty, !isName, CodeNames.isAsking(form.stem) { continue }
      if let slot = add(form, isName: isName) { places.append((slot, position)) }
    }

    asksForDefinitions = !names.isEmpty && !asksForUses
    pairs = zip(places, places.dropFirst()).filter { $0.0.slot != $0.1.slot }
      .map { Pair(first: $0.slot, second: $1.slot, distance: $1.position - $0.position) }
  }

  /// - Returns: the term's place; nil when there are too many.
  private mutating func add(_ form: Words.Form, isName: Bool) -> Int? {
    let known = terms.firstIndex { $0.stem == form.stem }
    guard known != nil || terms.count < Self.most else { return nil }
    if known == nil { terms.append(Term(stem: form.stem, likeness: form.likeness)) }
    let slot = known ?? terms.count - 1
    if isName { terms[slot].isName = true }
    return slot
  }
}
