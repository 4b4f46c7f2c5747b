import Foundation

/// Shows an answer on standard error as it grows.
struct WrittenText {
  private var shown = ""
  private(set) var isShown = false

  /// Shows what is new; a text that does not go on from what was shown begins a line anew.
  /// - Parameter begin: clears what stands on the line before the text's first words.
  mutating func show(_ text: String, begin: String) {
    let text = Self.printable(text)
    var new = isShown ? "\n" : begin
    if !shown.isEmpty, text.hasPrefix(shown) { new = "" }
    new += new.isEmpty ? String(text.dropFirst(shown.count)) : text
    FileHandle.standardError.write(Data(new.utf8))
    shown = text
    isShown = true
  }

  /// A model's words are data: none of them becomes an escape code of the terminal. A letter that
  /// is half written waits for its other bytes.
  static func printable(_ text: String) -> String {
    var scalars = text.unicodeScalars.filter { !isControl($0) }
    while scalars.last == "\u{FFFD}" { scalars.removeLast() }
    return String(String.UnicodeScalarView(scalars))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar != "\n" else { return false }
    return [.control, .format].contains(scalar.properties.generalCategory)
  }
}
