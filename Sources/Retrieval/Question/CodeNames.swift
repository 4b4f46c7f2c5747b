/// What tells the names of functions and types from other words, in questions about code and in
/// code.
enum CodeNames {
  /// Before a name in a question: "the function send".
  private static let kinds = stems(
    "function method class struct structure enum protocol interface trait type variable constant "
      + "property field macro module actor"
  )
  /// Say what is asked of a name, and nothing about where it stands.
  private static let asking = kinds.union(
    stems(
      "file path return returns define defined definition declared declaration implemented "
        + "implementation located signature parameter "
        + "parameters argument arguments"))
  /// Ask for other places than a name's own.
  private static let using = stems(
    "call calls called caller callers use uses used using usage invoke invoked invokes import "
      + "imported"
  )
  /// Before a name that they define, in the languages that have such words.
  private static let definers = stems(
    "func fn def function fun sub proc class struct enum protocol interface trait type typealias "
      + "extension actor macro let var const val "
      + "static define namespace module package")

  private static let files = stems("file module")
  /// With "which file" before them they ask for something else than a file.
  private static let ofFiles = stems(
    "format type extension system size descriptor mode name path permission")
  private static let asked = (
    which: stem("which"), what: stem("what"), within: stem("in"), place: stem("where")
  )
  private static let definition = stems(
    "defined definition declared declaration implemented implementation located")

  /// Whether a question's words ask for a file: "which file", "in what source file", or where a
  /// name is defined.
  static func askForFile(_ words: [UInt64], hasNames: Bool) -> Bool {
    func asks(_ index: Int) -> Bool {
      guard files.contains(words[index]),
        index + 1 == words.count || !ofFiles.contains(words[index + 1])
      else { return false }
      return (max(0, index - 2)..<index).contains { before in
        words[before] == asked.which
          || words[before] == asked.what && before > 0 && words[before - 1] == asked.within
      }
    }
    if words.indices.contains(where: asks) { return true }

    return hasNames && words.contains(asked.place) && words.contains(where: definition.contains)
  }

  private static func stem(_ word: String) -> UInt64 { Words.stem(Array(word.utf8)[...]) }
  private static func stems(_ words: String) -> Set<UInt64> {
    Set(words.split(separator: " ").map { Words.stem(Array($0.utf8)[...]) })
  }

  static func isAsking(_ stem: UInt64) -> Bool { asking.contains(stem) }
  static func asksForUses(_ stem: UInt64) -> Bool { using.contains(stem) }

  /// Positions of a question's words that are names: written as identifiers are (sendNow, send_now,
  /// send()), or called one ("the function send"), or all that a question such as "Where is send
  /// defined?" speaks of.
  /// - Parameter forms: the question's whole words, each with its parts behind it.
  static func places(of forms: [Words.Form], in question: [UInt8]) -> Set<Int> {
    let words = forms.filter(\.isWhole)
    var names = identifiers(forms)
    for (index, word) in words.enumerated() where says(word) {
      let isCall = question[word.range.upperBound...].starts(with: Array("()".utf8))
      if isCall || index > 0 && kinds.contains(words[index - 1].stem) { names.insert(index) }
    }

    if names.isEmpty, words.contains(where: { isAsking($0.stem) }) {
      let others = words.indices.filter { says(words[$0]) }
      if others.count == 1 { names.insert(others[0]) }
    }

    return names
  }

  /// Positions of the words that have parts, as sendNow and send_now do.
  private static func identifiers(_ forms: [Words.Form]) -> Set<Int> {
    var position = -1
    var found: Set<Int> = []
    for form in forms {
      if form.isWhole { position += 1 } else { found.insert(position) }
    }

    return found
  }

  /// Whether a word says more than that something is asked.
  private static func says(_ word: Words.Form) -> Bool {
    !isAsking(word.stem) && !Words.stop.contains(word.stem)
  }

  /// Whether a word in code is being defined: it follows a word that defines, or it stands before
  /// parentheses in a line that begins with its type, as functions of C do.
  static func isDefined(_ word: Range<Int>, after previous: UInt64?, in bytes: ArraySlice<UInt8>)
    -> Bool
  {
    guard let previous else { return false }
    return definers.contains(previous) || followsTypeAtLineStart(word, bytes)
  }

  private static func followsTypeAtLineStart(_ word: Range<Int>, _ bytes: ArraySlice<UInt8>) -> Bool
  {
    guard word.upperBound < bytes.endIndex, bytes[word.upperBound] == UInt8(ascii: "(") else {
      return false
    }

    var start = word.lowerBound
    while start > bytes.startIndex, bytes[start - 1] != UInt8(ascii: "\n") {
      start -= 1
      guard isOfType(bytes[start]) else { return false }
    }

    return start < word.lowerBound && bytes[start] != UInt8(ascii: " ")
      && bytes[start] != UInt8(ascii: "\t")
  }

  private static func isOfType(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: " "), UInt8(ascii: "*"), UInt8(ascii: "&"), UInt8(ascii: ":"),
      UInt8(ascii: "<"), UInt8(ascii: ">"):
      return true
    default: return false
    }
  }
}
