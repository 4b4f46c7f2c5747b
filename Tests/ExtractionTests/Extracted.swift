import Documents
import Extraction
import Foundation

/// What the readers make of a file in memory.
struct Extracted {
  let texts: [ExtractedText]
  let notes: [String]

  var text: String { texts.first?.text ?? "" }
  var places: [Place] { texts.first?.places ?? [] }
  var words: [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }

  /// - Throws: `ExtractionError`
  init(
    _ name: String, _ bytes: [UInt8],
    _ change: (inout ExtractionSettings) -> Void = { _ in }
  ) throws {
    var settings = ExtractionSettings(name: name)
    change(&settings)
    let context = ExtractionContext(settings)
    texts = try bytes.withUnsafeBytes { bytes in
      let file = InputFile(name: name, bytes: bytes)
      return try FormatReaders.reader(for: file, context).read(file, context)
    }
    notes = context.notes + context.leftOut.notes
  }

  init(
    _ name: String, _ text: String, _ change: (inout ExtractionSettings) -> Void = { _ in }
  ) throws {
    try self.init(name, Array(text.utf8), change)
  }

  /// The label of the place of a kind that a word stands at.
  func label(_ kind: String, at word: String) -> String? {
    guard let range = text.range(of: word) else { return nil }
    let offset = text.unicodeScalars.distance(
      from: text.unicodeScalars.startIndex, to: range.lowerBound)
    return places.label(kind, at: offset)
  }
}
