import Foundation
import Inference

/// What a writer of parts saves with a reading, as JSON.
enum PartArchive {
  static func bytes(_ saved: some Encodable) -> [UInt8] {
    // Texts and numbers alone: there is nothing in it that JSON could refuse.
    (try? JSONEncoder().encode(saved)).map(Array.init) ?? []
  }

  /// - Parameters:
  ///   - count: of parts that were written.
  ///   - ends: parts that there are.
  /// - Throws: `StateArchiveError`
  static func saved<Saved: Decodable>(
    _ archive: [UInt8], count: (Saved) -> Int, of ends: Int
  ) throws -> Saved {
    let saved: Saved
    do {
      saved = try JSONDecoder().decode(Saved.self, from: Data(archive))
    } catch {
      throw StateArchiveError.damaged("what was written on the way: \(error)")
    }
    guard count(saved) <= ends else {
      throw StateArchiveError.foreign("\(count(saved)) parts were written of \(ends)")
    }
    return saved
  }
}
