import Foundation

/// What is known of the terminal, and what may be written to it.
enum Terminal {
  static let usualWidth = 80

  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Columns; the usual ones where nobody says how many.
  static func width(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return usualWidth
    }
    return Int(size.ws_col)
  }

  /// The text's beginning in so many columns, with a sign where it is cut.
  static func fitted(_ text: String, columns: Int) -> String {
    var used = 0
    var end = text.startIndex
    for index in text.indices {
      let wide = columnsOf(text[index])
      if used + wide > columns - (index == text.indices.last ? 0 : 1), used + wide >= columns {
        let whole = text[index...].reduce(used) { $0 + columnsOf($1) } <= columns
        return whole ? text : text[..<end] + "…"
      }
      used += wide
      end = text.index(after: index)
    }
    return text
  }

  /// A paragraph in lines of so many columns, broken between words.
  /// - Parameter width: of a word, in columns.
  static func wrapped(
    _ text: String, columns: Int, width: (String) -> Int = { $0.reduce(0) { $0 + columnsOf($1) } }
  ) -> [String] {
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(whereSeparator: \.isWhitespace).map(String.init) {
      let wide = width(word)
      if used > 0, used + 1 + wide > columns {
        lines.append(line)
        line = ""
        used = 0
      }
      line += (used > 0 ? " " : "") + word
      used += wide + (used > 0 ? 1 : 0)
    }
    return lines + [line]
  }

  /// Letters of East Asia and pictures take two.
  private static func columnsOf(_ character: Character) -> Int {
    let scalar = character.unicodeScalars.first?.value ?? 0
    let isWide =
      (0x1100...0x115F).contains(scalar) || (0x2E80...0xA4CF).contains(scalar)
      || (0xAC00...0xD7A3).contains(scalar) || (0xF900...0xFAFF).contains(scalar)
      || (0xFE30...0xFE6F).contains(scalar) || (0xFF00...0xFF60).contains(scalar)
      || (0x1F300...0x1FAFF).contains(scalar) || (0x20000...0x3FFFD).contains(scalar)
    return isWide ? 2 : 1
  }
}

/// Says what goes on in the background when the user stops waiting for it.
enum Interruption {
  nonisolated(unsafe) private static var source: (any DispatchSourceSignal)?

  /// - Parameter job: that is waited for.
  static func tell(job: Int) {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      let text = "\ndocproc: job \(job) goes on; docproc wait \(job), or docproc cancel \(job)\n"
      FileHandle.standardError.write(Data(text.utf8))
      _exit(130)
    }
    source.resume()
    self.source = source
  }

  /// Nothing goes on any more: the program ends as others do.
  static func end() {
    source?.cancel()
    source = nil
    signal(SIGINT, SIG_DFL)
  }
}
