/// Text as HTML shows it.
package enum HTMLText {
  /// Markup becomes text, and so do signs that turn the direction of writing. By scalars: a quote
  /// with an accent upon it is a letter of its own to a reader, and still a quote to a browser.
  package static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in ForeignText.cleanLines(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
