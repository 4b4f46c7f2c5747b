import Foundation
import Rendering
import Synchronization

/// How far the text of a file is taken out, on one line of a terminal.
enum ExtractionProgress {
  private static let isShown = Mutex(false)

  /// - Parameter count: 0 where nobody knows how many there are.
  static func show(name: String, done: Int, of count: Int, what: String) {
    let all = count > 0 ? " of \(count)" : ""
    isShown.withLock { $0 = true }
    write("\r\u{1B}[Kdocproc: \(ForeignText.clean(name)): \(done)\(all) \(what)")
  }

  /// Takes the line away.
  static func end() {
    let wasShown = isShown.withLock { shown in
      defer { shown = false }
      return shown
    }
    if wasShown { write("\r\u{1B}[K") }
  }

  private static func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
