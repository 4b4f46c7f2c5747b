import Documents
import Foundation

/// A document's parts as the column `docproc.document.parts` holds them: [{path, start, length}].
enum PartsCoding {
  static func encode(_ parts: [Document.Part]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(parts), as: UTF8.self)
  }

  /// - Parameter scalars: of the document's text, in which the parts have to lie one behind the
  ///   other.
  /// - Throws: `JobError.malformedParts`
  static func decode(_ text: String, scalars: Int) throws -> [Document.Part] {
    let parts: [Document.Part]
    do {
      parts = try JSONDecoder().decode([Document.Part].self, from: Data(text.utf8))
    } catch {
      throw JobError.malformedParts(reason: "\(error)")
    }
    var end = 0
    for part in parts {
      // Numbers of others: their sum may be more than a number holds.
      let (next, isTooLarge) = part.start.addingReportingOverflow(part.length)
      guard part.start >= end, part.length >= 0, !isTooLarge, next <= scalars else {
        throw JobError.malformedParts(
          reason: "\(part.path.prefix(100)) does not lie within the text, behind the part before it"
        )
      }
      end = next
      var last = 0
      for place in part.places ?? [] {
        guard (last...max(last, part.length)).contains(place.start) else {
          throw JobError.malformedParts(
            reason:
              "a place of \(part.path.prefix(100)) does not lie within it, behind the one before"
          )
        }
        last = place.start
      }
    }
    return parts
  }
}
