import Foundation

/// How words stand out on a terminal: not at all where output goes elsewhere, or where NO_COLOR
/// (no-color.org) or a dumb terminal say so.
struct TextStyle {
  static let plain = TextStyle(isStyled: false)

  private let isStyled: Bool

  init(isStyled: Bool) { self.isStyled = isStyled }

  init(_ descriptor: Int32) {
    let environment = ProcessInfo.processInfo.environment
    let isUnwanted = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isStyled = Terminal.isTerminal(descriptor) && !isUnwanted && environment["TERM"] != "dumb"
  }

  func bold(_ text: String) -> String { styled(text, "1") }
  func dim(_ text: String) -> String { styled(text, "2") }

  private func styled(_ text: String, _ code: String) -> String {
    isStyled && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}
