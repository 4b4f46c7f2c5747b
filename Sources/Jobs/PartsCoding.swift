import Documents
import Foundation

/// A document's parts as the column `docproc.document.parts` holds them: [{path, start, length}].
enum PartsCoding {
  static func encode(_ parts: [Document.Part]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(parts), as: UTF8.self)
  }

  /// - Throws: `JobError.malformedParts`
  static func decode(_ text: String) throws -> [Document.Part] {
    do {
      return try JSONDecoder().decode([Document.Part].self, from: Data(text.utf8))
    } catch {
      throw JobError.malformedParts(reason: "\(error)")
    }
  }
}
