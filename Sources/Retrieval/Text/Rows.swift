import Foundation

/// Paragraphs whose lines are rows: tables, lists, logs, settings and records of JSON.
struct Rows {
  /// Of each row, ascending: without the lines that only rule a table off.
  let ranges: [Range<Int>]
  /// True where the first row names the columns of the others.
  let hasHeader: Bool
  /// Between the columns of a table.
  let delimiter: UInt8?
  /// True for rows of tables and objects of JSON, false for items of lists and lines of logs.
  let areRecords: Bool

  private static let enough = 0.8

  /// nil for a paragraph of prose.
  init?(_ bytes: [UInt8], _ range: Range<Int>) {
    if let objects = Self.objects(bytes, range) {
      let all = Self.withGaps(objects, bytes, range)
      (ranges, hasHeader, delimiter, areRecords) = (all, false, nil, true)
      return
    }
    let lines = Self.lines(bytes, range)
    guard lines.count > 1 else { return nil }
    if let table = Self.table(bytes, lines) {
      (ranges, hasHeader, delimiter) = table
      areRecords = true
      return
    }
    let marked = lines.filter { Self.isMarked(bytes[$0]) }
    guard Double(marked.count) >= Self.enough * Double(lines.count) || Self.isList(bytes, lines)
    else { return nil }
    (ranges, hasHeader, delimiter) = (Self.joined(bytes, lines), false, nil)
    areRecords = lines.allSatisfy { bytes[$0.lowerBound] == UInt8(ascii: "{") }
  }

  /// A row of a table with each column's name before its value.
  static func named(_ row: String, header: String, delimiter: UInt8) -> String {
    let names = columns(header, delimiter)
    let values = columns(row, delimiter)
    guard names.count == values.count else { return row }
    return zip(names, values).map { $0.isEmpty ? $1 : "\($0): \($1)" }.joined(separator: ", ")
  }

  private static func columns(_ row: String, _ delimiter: UInt8) -> [String] {
    var bytes = Array(row.utf8)[...]
    if delimiter == bar {
      if bytes.first == bar { bytes = bytes.dropFirst() }
      if bytes.last == bar { bytes = bytes.dropLast() }
    }
    return split(bytes, delimiter).cells.map { column in
      var text = String(decoding: column, as: UTF8.self).trimmingCharacters(in: .whitespaces)
      if text.count > 1, text.first == "\"", text.last == "\"" {
        text = String(text.dropFirst().dropLast())
      }
      return text.replacingOccurrences(of: "\"\"", with: "\"")
    }
  }

  // Lines

  private static let bar = UInt8(ascii: "|")
  private static let quote = UInt8(ascii: "\"")

  private static func lines(_ bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var start = range.lowerBound
    for index in range where bytes[index] == 10 || index + 1 == range.upperBound {
      let end = bytes[index] == 10 ? index : index + 1
      let line = trimmed(bytes, start..<end)
      if !line.isEmpty { lines.append(line) }
      start = index + 1
    }
    return lines
  }

  private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, bytes[start] <= 32 { start += 1 }
    while end > start, bytes[end - 1] <= 32 { end -= 1 }
    return start..<end
  }

  /// A row's cells, which may begin within one, and whether its last one goes on in the next line. A cell that begins with a
  /// quotation mark ends with one; elsewhere marks are text (RFC 4180, section 2).
  private static func split(
    _ row: ArraySlice<UInt8>, _ delimiter: UInt8, within isOpen: Bool = false
  ) -> (cells: [ArraySlice<UInt8>], isOpen: Bool) {
    var cells: [ArraySlice<UInt8>] = []
    var start = row.startIndex
    var index = start
    var isQuoted = isOpen
    while index < row.endIndex {
      let byte = row[index]
      if isQuoted {
        let isDoubled = byte == quote && index + 1 < row.endIndex && row[index + 1] == quote
        if isDoubled { index += 1 } else if byte == quote { isQuoted = false }
      } else if byte == quote, index == start, delimiter != bar {
        isQuoted = true
      } else if byte == delimiter {
        cells.append(row[start..<index])
        start = index + 1
      }
      index += 1
    }
    return (cells + [row[start...]], isQuoted)
  }

  /// Lines, joined where a cell goes on; as they are where one never ends.
  private static func records(
    _ bytes: [UInt8], _ lines: [Range<Int>], _ delimiter: UInt8
  ) -> [Range<Int>] {
    var records: [Range<Int>] = []
    var isOpen = false
    for line in lines {
      if isOpen, let last = records.popLast() {
        records.append(last.lowerBound..<line.upperBound)
      } else {
        records.append(line)
      }
      isOpen = split(bytes[line], delimiter, within: isOpen).isOpen
    }
    return isOpen ? lines : records
  }

  // Tables

  private static func table(_ bytes: [UInt8], _ lines: [Range<Int>]) -> (
    [Range<Int>], Bool, UInt8?
  )? {
    for delimiter in [bar, UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: ",")] {
      let rows =
        delimiter == bar
        ? lines.filter { !isRule(bytes[$0]) } : records(bytes, lines, delimiter)
      let counts = rows.map { split(bytes[$0], delimiter).cells.count }
      guard let columns = counts.first, columns > (delimiter == bar ? 2 : 1) else { continue }
      let alike = counts.count { $0 == columns }
      guard Double(alike) >= 0.9 * Double(counts.count), rows.count > 1 else { continue }
      // In prose a space follows a comma.
      if delimiter >= UInt8(ascii: ","), delimiter != bar, isProse(bytes, rows, delimiter) {
        continue
      }
      return (rows, hasHeader(bytes, rows, delimiter), delimiter)
    }
    return nil
  }

  /// `|---|:--:|`
  private static func isRule(_ line: ArraySlice<UInt8>) -> Bool {
    line.contains(UInt8(ascii: "-")) && line.allSatisfy { "|-:+= ".utf8.contains($0) }
  }

  private static func isProse(_ bytes: [UInt8], _ rows: [Range<Int>], _ delimiter: UInt8) -> Bool {
    var spaced = 0
    var all = 0
    for row in rows {
      for index in row where bytes[index] == delimiter {
        all += 1
        if index + 1 >= row.upperBound || bytes[index + 1] == 32 { spaced += 1 }
      }
    }
    return spaced * 2 > all
  }

  /// Names of columns hold no digits where the rows below do, or stand above a rule.
  private static func hasHeader(_ bytes: [UInt8], _ rows: [Range<Int>], _ delimiter: UInt8) -> Bool
  {
    guard rows.count > 1 else { return false }
    if delimiter == bar { return true }
    let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
    let first = bytes[rows[0]].contains(where: isDigit)
    let others = rows.dropFirst().contains { bytes[$0].contains(where: isDigit) }
    return !first && (others || rows.count > 2)
  }

  // Lists, logs, settings

  private static func isList(_ bytes: [UInt8], _ lines: [Range<Int>]) -> Bool {
    let items = lines.count { isItem(bytes[$0]) }
    return items > 1 && isItem(bytes[lines[0]]) && items * 3 >= lines.count
  }

  /// Lines that go on with an item belong to it.
  private static func joined(_ bytes: [UInt8], _ lines: [Range<Int>]) -> [Range<Int>] {
    guard isItem(bytes[lines[0]]) else { return lines }
    var items: [Range<Int>] = []
    for line in lines {
      if isItem(bytes[line]) || items.isEmpty {
        items.append(line)
      } else {
        items[items.count - 1] = items[items.count - 1].lowerBound..<line.upperBound
      }
    }
    return items
  }

  private static func isItem(_ line: ArraySlice<UInt8>) -> Bool {
    guard let first = line.first, line.count > 2 else { return false }
    let second = line[line.startIndex + 1]
    if "-*+".utf8.contains(first) { return second == 32 }
    if line.starts(with: Array("• ".utf8)) { return true }
    let digits = line.prefix { (48...57).contains($0) }.count
    guard (1...3).contains(digits), line.count > digits + 1 else { return false }
    let mark = line[line.startIndex + digits]
    return (mark == UInt8(ascii: ".") || mark == UInt8(ascii: ")"))
      && line[line.startIndex + digits + 1] == 32
  }

  /// Lines of logs begin with a time, those of settings with a name, records of JSON with a brace.
  private static func isMarked(_ line: ArraySlice<UInt8>) -> Bool {
    guard let first = line.first else { return false }
    if isItem(line) { return true }
    if first == UInt8(ascii: "{") { return line.last == UInt8(ascii: "}") }
    let start = line.drop { $0 == UInt8(ascii: "[") }
    let time = start.prefix { (48...57).contains($0) || "-/:.TZ ,+".utf8.contains($0) }
    if time.count >= 8, time.count(where: { (48...57).contains($0) }) >= 6 { return true }
    let name = line.prefix { byte in
      (97...122).contains(byte | 32) || (48...57).contains(byte) || "_.-".utf8.contains(byte)
    }
    guard (1...40).contains(name.count), name.count < line.count else { return false }
    let mark = line[line.startIndex + name.count]
    let next = line.dropFirst(name.count + 1).first
    return mark == UInt8(ascii: "=") || mark == UInt8(ascii: ":") && (next == nil || next == 32)
  }

  // JSON

  /// The objects, and between them what else names or says something: fields of those around them.
  private static func withGaps(
    _ objects: [Range<Int>], _ bytes: [UInt8], _ range: Range<Int>
  ) -> [Range<Int>] {
    var all: [Range<Int>] = []
    var end = range.lowerBound
    func add(_ gap: Range<Int>) {
      let said = bytes[gap].contains {
        $0 >= 0x80 || (97...122).contains($0 | 32) || (48...57).contains($0)
      }
      if said { all.append(trimmed(bytes, gap)) }
    }
    for object in objects {
      add(end..<object.lowerBound)
      all.append(object)
      end = object.upperBound
    }
    add(end..<range.upperBound)
    return all
  }

  /// The innermost objects of a text in JSON.
  private static func objects(_ bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>]? {
    let text = trimmed(bytes, range)
    guard let first = text.first,
      bytes[first] == UInt8(ascii: "{") || bytes[first] == UInt8(ascii: "[")
    else { return nil }
    var objects: [Range<Int>] = []
    var start: Int?
    var isQuoted = false
    var isEscaped = false
    for index in text {
      let byte = bytes[index]
      if isQuoted {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == quote {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case quote: isQuoted = true
      case UInt8(ascii: "{"): start = index
      case UInt8(ascii: "}"):
        if let begin = start { objects.append(begin..<index + 1) }
        start = nil
      default: break
      }
    }
    // One that breaks off is as good as a whole one; braces of other languages hold no names.
    let isJSON = objects.first.map { bytes[$0].contains(quote) } ?? false
    return objects.count > 1 && isJSON ? objects : nil
  }
}
