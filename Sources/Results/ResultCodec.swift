import Foundation

package enum ResultCodecError: Error, Equatable, CustomStringConvertible {
  case notARecord

  package var description: String { "the payload is not a result record" }
}

/// Result records to compressed bytes, and back.
package enum ResultCodec {
  private static let level = 9

  /// - Throws: `CompressionError`
  package static func encode(_ record: ResultRecord) throws -> CompressedBytes {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try CompressedBytes(compressing: Array(try encoder.encode(record)), level: level)
  }

  /// - Throws: `CompressionError`, `ResultCodecError` when the payload is not what was stored.
  package static func decode(_ result: CompressedBytes) throws -> ResultRecord {
    let raw = try result.expanded()
    guard let record = try? JSONDecoder().decode(ResultRecord.self, from: Data(raw)) else {
      throw ResultCodecError.notARecord
    }
    return record
  }
}
