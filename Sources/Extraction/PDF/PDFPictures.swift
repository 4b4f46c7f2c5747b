import Documents
import Host

/// Pages that are pictures: which these are, and what tesseract reads on them.
struct PDFPictures {
  private let file: MemoryFile
  private let password: [String]
  private let context: ExtractionContext

  init(_ file: MemoryFile, password: [String], _ context: ExtractionContext) {
    self.file = file
    self.password = password
    self.context = context
  }

  /// Numbers of pages with pictures on them.
  func pages() throws -> Set<Int> {
    let lines = try output("pdfimages", password + ["-list", "-"])
    // A table with two lines of names; the first column is the page.
    return Set(
      lines.split(separator: "\n").dropFirst(2).compactMap { line in
        line.split(separator: " ").first.flatMap { Int($0) }
      })
  }

  /// Dots an inch: tesseract wants about as many.
  private static let resolution = 300

  /// The lines of a page that is a picture, by tesseract.
  func read(_ page: Int, languages: String) throws -> [PDFLine] {
    file.rewind()
    let picture = try MemoryFile()
    let draw = try PipedProcess(
      "pdftoppm",
      password + ["-r", "\(Self.resolution)", "-gray", "-f", "\(page)", "-l", "\(page)", "-"],
      input: file.descriptor, inOwnGroup: false)
    guard
      try draw.read(within: Double(context.limits.seconds), picture.write) == .exit(0)
    else { throw ExtractionError.broken("pdftoppm cannot draw page \(page)") }
    picture.rewind()
    let reader = try PipedProcess(
      "tesseract", ["stdin", "stdout", "-l", languages, "tsv"],
      environment: ["OMP_THREAD_LIMIT": "1"], input: picture.descriptor, inOwnGroup: false)
    var table: [UInt8] = []
    let end = try reader.read(within: Double(context.limits.seconds)) { table += $0 }
    guard end == .exit(0) else {
      let said = reader.saidLast.split(separator: "\n").first.map(String.init) ?? "no reason"
      throw ExtractionError.broken("tesseract cannot read page \(page): \(said)")
    }
    return Self.lines(String(decoding: table, as: UTF8.self))
  }

  private static let wordLevel = "5"

  /// Columns of tesseract's table: level, page, block, paragraph, line, word, left, top, width,
  /// height, confidence, text; in dots.
  private static func lines(_ table: String) -> [PDFLine] {
    let scale = 72.0 / Double(resolution)
    var lines: [(key: [Substring], words: [PDFLine.Word])] = []
    for row in table.split(separator: "\n").dropFirst() {
      let cells = row.split(separator: "\t", omittingEmptySubsequences: false)
      guard cells.count == 12, cells[0] == wordLevel, !cells[11].allSatisfy(\.isWhitespace) else {
        continue
      }
      let numbers = cells[6...9].map { scale * (Double($0) ?? 0) }
      let box = PDFBox(
        left: numbers[0], top: numbers[1], right: numbers[0] + numbers[2],
        bottom: numbers[1] + numbers[3])
      let word = PDFLine.Word(text: String(cells[11]), box: box)
      let key = Array(cells[2...4])
      if lines.last?.key == key {
        lines[lines.count - 1].words.append(word)
      } else {
        lines.append((key, [word]))
      }
    }
    return lines.compactMap { PDFLine($0.words) }
  }

  private func output(_ name: String, _ arguments: [String]) throws -> String {
    file.rewind()
    let process = try PipedProcess(
      name, arguments, input: file.descriptor, inOwnGroup: false)
    var bytes: [UInt8] = []
    let end = try process.read(within: Double(context.limits.seconds)) { bytes += $0 }
    if end != .exit(0) { context.note("\(name) cannot tell which pages hold images") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
