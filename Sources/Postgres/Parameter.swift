/// A value sent with a query, apart from its text; nil is null.
package enum Parameter: Sendable {
  case null
  case text(String?)
  case integer(Int?)
  case double(Double?)
  case boolean(Bool)
  case bytes([UInt8]?)
  /// A length of time, as an interval.
  case seconds(Double?)
  /// An array of texts.
  case list([String])

  /// As libpq takes it: bytea as it is, all others as text.
  var encoded: (bytes: [UInt8]?, isBinary: Bool) {
    switch self {
    case .null: (nil, false)
    case .text(let value): (value.map { Array($0.utf8) }, false)
    case .integer(let value): (value.map { Array(String($0).utf8) }, false)
    case .double(let value): (value.map { Array(String($0).utf8) }, false)
    case .boolean(let value): (Array((value ? "t" : "f").utf8), false)
    case .bytes(let value): (value, true)
    case .seconds(let value): (value.map { Array("\($0) s".utf8) }, false)
    case .list(let values): (Array(Self.array(values).utf8), false)
    }
  }

  /// An array's literal: quoted elements, in which quotes and backslashes are escaped.
  private static func array(_ values: [String]) -> String {
    let quoted = values.map { value in
      "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "{" + quoted.joined(separator: ",") + "}"
  }
}
