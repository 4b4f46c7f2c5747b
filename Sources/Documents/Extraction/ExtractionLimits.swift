/// What taking the text out of one file may cost.
package struct ExtractionLimits: Sendable, Equatable, Codable {
  /// Bytes that come out of compressed members, all together; and of text.
  package var bytes = 512 << 20
  /// Of an archive, with those of archives in it.
  package var members = 100_000
  /// Bytes that come out for each that went in, once a mebibyte has come out.
  package var ratio = 200
  /// Archives within archives.
  package var nesting = 2
  /// Elements within elements, groups within groups.
  package var depth = 100_000
  /// Of time, and of one CPU.
  package var seconds = 600
  /// Bytes of memory of a process.
  package var memory = 4 << 30

  package init() {}

  /// Their names, as messages and options say them.
  package static let names = ["bytes", "members", "ratio", "nesting", "depth", "seconds", "memory"]

  /// - Parameter setting: `members=200000`; `bytes=2GiB`.
  /// - Returns: false where it names no limit, or no number above zero.
  package mutating func set(_ setting: String) -> Bool {
    let pieces = setting.split(separator: "=", omittingEmptySubsequences: false)
    guard pieces.count == 2, let value = Self.number(pieces[1]), value > 0 else { return false }
    switch pieces[0] {
    case "bytes": bytes = value
    case "members": members = value
    case "ratio": ratio = value
    case "nesting": nesting = value
    case "depth": depth = value
    case "seconds": seconds = min(value, 1 << 30)
    case "memory": memory = value
    default: return false
    }
    return true
  }

  private static func number(_ text: Substring) -> Int? {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
    for (unit, shift) in units where text.hasSuffix(unit) {
      guard let value = Int(text.dropLast(unit.count)), value < 1 << 32 else { return nil }
      return value << shift
    }
    return Int(text)
  }
}
