import Documents

/// Blocks to a text with places: a blank line between paragraphs, rows and items line by line, and
/// each note in brackets behind what refers to it.
struct TextWriter {
  private var text = ""
  private var count = 0
  private var places: [Place] = []
  private var outline = HeadingPath()
  private var previous: Block.Kind?
  private var waiting: [NoteReference] = []
  private let notes: [String: [Block]]
  private var written: Set<String> = []

  init(notes: [String: [Block]] = [:]) { self.notes = notes }

  mutating func write(_ blocks: [Block]) {
    for block in blocks { write(block) }
    writeNotes()
  }

  private mutating func write(_ block: Block) {
    let isLine = block.kind == .row || block.kind == .item
    let goesOn = isLine && previous == block.kind
    if !goesOn { writeNotes() }
    if !block.text.isEmpty { separate(goesOn ? 1 : 2) }
    if case .heading(let level) = block.kind, !block.text.isEmpty {
      places.append(
        Place(Place.Kind.section, start: count, label: outline.enter(level, block.text)))
    }
    for mark in block.marks {
      places.append(Place(mark.kind, start: count + mark.offset, label: mark.label))
    }
    append(block.text)
    waiting += block.notes
    if !block.text.isEmpty { previous = block.kind }
  }

  private mutating func writeNotes() {
    // Notes refer to notes, seldom; each is written once.
    while !waiting.isEmpty {
      let references = waiting
      waiting = []
      for reference in references where written.insert(reference.target).inserted {
        writeNote(reference)
      }
    }
  }

  private mutating func writeNote(_ reference: NoteReference) {
    let blocks = notes[reference.target] ?? []
    let words = blocks.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n")
    guard !words.isEmpty else { return }
    separate(2)
    append("[\(reference.sign): \(words)]")
    previous = .paragraph
    waiting += blocks.flatMap(\.notes)
  }

  /// Notes that nothing refers to, which would be lost.
  /// - Parameter targets: in the order in which the file has them.
  mutating func writeOrphans(_ targets: [String]) {
    for target in targets where written.insert(target).inserted { write(notes[target] ?? []) }
  }

  private mutating func separate(_ lines: Int) {
    guard count > 0 else { return }
    append(String(repeating: "\n", count: lines))
  }

  private mutating func append(_ words: String) {
    // A view of scalars would copy all of the text each time.
    text += words
    count += words.unicodeScalars.count
  }

  func finish() -> ExtractedText {
    let whole = count > 0 ? text + "\n" : text
    // Marks of one block can stand before those of another that its heading opens.
    let sorted = places.enumerated().sorted {
      ($0.element.start, $0.offset) < ($1.element.start, $1.offset)
    }
    return ExtractedText(text: whole, places: sorted.map(\.element))
  }
}
