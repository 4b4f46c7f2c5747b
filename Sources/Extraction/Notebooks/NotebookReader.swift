import Documents
import Foundation

/// A Jupyter notebook of format 3 or 4: its cells in order, with what they printed.
struct NotebookReader: FormatReader {
  let type = "application/x-ipynb+json"

  /// Scalars of one output; more is cut, and said.
  private static let longestOutput = 2000

  private struct Notebook: Decodable {
    let cells: [Cell]?
    let worksheets: [Sheet]?
  }

  private struct Sheet: Decodable {
    let cells: [Cell]?
  }

  private struct Cell: Decodable {
    let cell_type: String?
    let source: Lines?
    let input: Lines?
    let outputs: [Output]?
    let level: Int?
  }

  private struct Output: Decodable {
    let text: Lines?
    let data: Data?
    /// What is shown, and is no text: a picture, HTML.
    var isOther: Bool { data != nil && data?.plain == nil && text == nil }
    let ename: String?
    let evalue: String?

    struct Data: Decodable {
      let plain: Lines?
      enum CodingKeys: String, CodingKey { case plain = "text/plain" }
    }
  }

  /// One string, or one a line.
  private struct Lines: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self.text = text
      } else {
        text = ((try? container.decode([String].self)) ?? []).joined()
      }
    }
  }

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    let notebook: Notebook
    do {
      notebook = try JSONDecoder().decode(Notebook.self, from: Data(file.bytes))
    } catch {
      throw ExtractionError.broken("it is no notebook: its JSON cannot be read")
    }
    let cells = notebook.cells ?? (notebook.worksheets ?? []).flatMap { $0.cells ?? [] }
    guard !cells.isEmpty else { throw ExtractionError.broken("it is a notebook without cells") }
    var writer = TextWriter()
    var unread = 0
    var outline = HeadingPath()
    for (number, cell) in cells.enumerated() {
      let text = (cell.source ?? cell.input)?.text ?? ""
      let outputs = (cell.outputs ?? []).compactMap(Self.text)
      unread += (cell.outputs ?? []).count { $0.isOther }
      guard !text.isEmpty || !outputs.isEmpty else { continue }
      let isProse = cell.cell_type != "code"
      var blocks: [Block] = []
      if !text.isEmpty { blocks.append(Self.block(text, isProse, cell, &outline)) }
      blocks += outputs.map { Block(kind: .verbatim, text: Self.clean($0)) }
      blocks[0].marks.insert(
        Block.Mark(kind: Place.Kind.entry, label: "cell \(number + 1)", offset: 0), at: 0)
      writer.write(blocks)
    }
    if unread > 0 {
      context.note("\(unread) output\(unread == 1 ? " that is" : "s that are") no text left out")
    }
    return [writer.finish()]
  }

  /// A cell of text has Markdown's headings.
  private static func block(
    _ text: String, _ isProse: Bool, _ cell: Cell, _ outline: inout HeadingPath
  ) -> Block {
    var block = Block(kind: .verbatim, text: clean(text))
    guard isProse else { return block }
    if cell.cell_type == "heading" {
      let label = outline.enter(cell.level ?? 1, text)
      block.marks = [Block.Mark(kind: Place.Kind.section, label: label, offset: 0)]
    }
    let places = MarkdownHeadings.places(block.text, path: "cell.md", within: &outline) ?? []
    block.marks += places.map { Block.Mark(kind: $0.kind, label: $0.label, offset: $0.start) }
    return block
  }

  private static func text(_ output: Output) -> String? {
    let failure = output.ename.map { "\($0): \(output.evalue ?? "")" }
    guard let text = output.text?.text ?? output.data?.plain?.text ?? failure, !text.isEmpty else {
      return nil
    }
    guard text.unicodeScalars.count > longestOutput else { return text }
    let start = String(text.unicodeScalars.prefix(longestOutput))
    return start + "\n[\(text.unicodeScalars.count - longestOutput) more characters of output]"
  }

  private static func clean(_ text: String) -> String {
    var inline = InlineText()
    inline.append(text, verbatim: true)
    return inline.text()
  }
}
