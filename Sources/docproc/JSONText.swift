import Foundation

/// Values as JSON text with stable key order.
enum JSONText {
  private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
    encoder.dateEncodingStrategy = .iso8601
    return encoder
  }

  static func line(_ value: some Encodable) -> String { text(value, []) }
  static func pretty(_ value: some Encodable) -> String { text(value, .prettyPrinted) }

  private static func text(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting)
    -> String
  {
    guard let data = try? encoder(formatting).encode(value) else {
      preconditionFailure("a value that is not JSON")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
