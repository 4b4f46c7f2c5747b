import Foundation

/// One thing that was measured.
package struct EvaluationItem: Codable, Sendable {
  /// Which row of the table it counts for.
  package let group: String
  /// What was measured of it: the table shows means over the items that have a value.
  package let values: [String: Double]
  /// What was asked and answered, for reading.
  package let texts: [String: String]

  package init(group: String, values: [String: Double], texts: [String: String]) {
    self.group = group
    self.values = values
    self.texts = texts
  }
}

/// The items of an evaluation, kept in a file so that one that was stopped goes on.
package final class EvaluationLog {
  private struct Line: Codable {
    let key: String
    let item: EvaluationItem
  }

  package private(set) var items: [EvaluationItem] = []
  /// Where in `items` a key's stands.
  private var places: [String: Int] = [:]
  private let file: FileHandle

  /// - Throws: when the file cannot be written.
  package init(path: String) throws {
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    let earlier = manager.contents(atPath: path) ?? Data()
    // A line that a kill cut off is measured again.
    let whole = earlier.lastIndex(of: 10).map { earlier[...$0] } ?? Data()
    try whole.write(to: URL(fileURLWithPath: path))
    file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.seekToEnd()
    for line in Self.lines(whole) {
      places[line.key] = items.count
      items.append(line.item)
    }
  }

  /// The items of a log that is only read.
  /// - Throws: `EvaluationError.nothingToMeasure` when there is no such file.
  package static func items(at path: String) throws -> [EvaluationItem] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw EvaluationError.nothingToMeasure("there is no file \(path)")
    }
    return lines(data).map(\.item)
  }

  private static func lines(_ data: Data) -> [Line] {
    data.split(separator: 10).compactMap { try? JSONDecoder().decode(Line.self, from: Data($0)) }
  }

  package func item(_ key: String) -> EvaluationItem? { places[key].map { items[$0] } }

  package func has(_ key: String) -> Bool { places[key] != nil }

  /// Adds what `measure` gives, unless an item with this key is there.
  /// - Throws: what `measure` throws, and when the file cannot be written.
  package func add(_ key: String, _ measure: () throws -> EvaluationItem) throws {
    if has(key) { return }

    let item = try measure()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try file.write(contentsOf: encoder.encode(Line(key: key, item: item)) + [10])
    places[key] = items.count
    items.append(item)
  }
}
