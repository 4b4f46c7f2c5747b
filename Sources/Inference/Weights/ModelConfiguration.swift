import Foundation

/// A model folder's config.json. Publishers name the same thing differently, so
/// each getter takes the names to try, and errors name the first of them.
package struct ModelConfiguration: Sendable {
  private static let mostBytes = 8 << 20

  package let values: [String: JSONValue]

  package init(_ values: [String: JSONValue]) { self.values = values }

  /// - Throws: `ModelError` when the file is missing or is not a JSON object.
  package init(folder: String) throws {
    let path = folder + "/config.json"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ModelError.notAModelFolder(path: folder, missing: "config.json")
    }
    guard data.count <= Self.mostBytes else {
      throw ModelError.unreadable(
        path: path, reason: "it has \(data.count) bytes; at most \(Self.mostBytes) are supported")
    }
    guard JSONValue.isShallow(data),
      let values = try? JSONDecoder().decode([String: JSONValue].self, from: data)
    else {
      throw ModelError.unreadable(path: path, reason: "it is not a JSON object")
    }
    self.values = values
  }

  private func first(_ keys: [String]) -> JSONValue? {
    for key in keys {
      if let value = values[key], value != .null { return value }
    }
    return nil
  }

  /// A positive integer; sizes above 2^31 are refused, so that products of two do not overflow.
  package func size(_ keys: String..., default fallback: Int? = nil) throws -> Int {
    try size(keys, default: fallback)
  }

  private func size(_ keys: [String], default fallback: Int?) throws -> Int {
    switch first(keys) {
    case .integer(let value):
      guard value > 0, value <= Int(Int32.max) else {
        throw ModelError.malformedConfiguration(
          key: keys[0], reason: "is \(value), but must be a positive size")
      }
      return value
    case nil:
      if let fallback { return fallback }
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is missing")
    default: throw ModelError.malformedConfiguration(key: keys[0], reason: "is not an integer")
    }
  }

  /// A size that memory is taken by before any tensor confirms it.
  package func size(
    _ keys: String..., atMost limit: Int, default fallback: Int? = nil
  ) throws -> Int {
    let value = try size(keys, default: fallback)
    guard value <= limit else {
      throw ModelError.malformedConfiguration(
        key: keys[0], reason: "is \(value); at most \(limit) is supported")
    }
    return value
  }

  package func optionalSize(_ keys: String...) throws -> Int? {
    guard let value = first(keys) else { return nil }
    guard case .integer(let size) = value, size >= 0, size <= Int(Int32.max) else {
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is not a size")
    }
    return size
  }

  /// A number that arithmetic can bear: one outside of the range is refused by name.
  package func number(
    _ keys: String..., in range: ClosedRange<Double> = -1e6...1e6, default fallback: Double? = nil
  ) throws -> Double {
    let value: Double
    switch first(keys) {
    case .integer(let stated): value = Double(stated)
    case .number(let stated): value = stated
    case nil:
      if let fallback { return fallback }
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is missing")
    default: throw ModelError.malformedConfiguration(key: keys[0], reason: "is not a number")
    }
    guard value.isFinite, range.contains(value) else {
      throw ModelError.malformedConfiguration(
        key: keys[0],
        reason: "is \(value), but must be within \(range.lowerBound) and \(range.upperBound)")
    }
    return value
  }

  /// Of norms: none divides by nothing.
  package static let epsilons = 1e-12...0.1
  /// Of rotary embeddings, whose frequencies fall with their powers.
  package static let rotaryBases = 1.001...1e12
  package static let stretches = 1e-3...1e6

  package func flag(_ keys: String..., default fallback: Bool) throws -> Bool {
    switch first(keys) {
    case .bool(let value): return value
    case nil: return fallback
    default:
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is neither true nor false")
    }
  }

  package func string(_ keys: String...) -> String? {
    if case .string(let value) = first(keys) { return value }
    return nil
  }

  package func integers(_ keys: String...) throws -> [Int]? {
    guard let value = first(keys) else { return nil }
    guard case .array(let elements) = value else {
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is not a list")
    }
    return try elements.map { element in
      guard case .integer(let integer) = element else {
        throw ModelError.malformedConfiguration(
          key: keys[0], reason: "holds something that is not an integer")
      }
      return integer
    }
  }

  package func numbers(_ keys: String...) throws -> [Double]? {
    guard let value = first(keys) else { return nil }
    guard case .array(let elements) = value else {
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is not a list")
    }
    return try elements.map { element in
      switch element {
      case .integer(let integer): return Double(integer)
      case .number(let number) where number.isFinite: return number
      default:
        throw ModelError.malformedConfiguration(
          key: keys[0], reason: "holds something that is not a number")
      }
    }
  }

  package func strings(_ keys: String...) throws -> [String]? {
    guard let value = first(keys) else { return nil }
    guard case .array(let elements) = value else {
      throw ModelError.malformedConfiguration(key: keys[0], reason: "is not a list")
    }
    return try elements.map { element in
      guard case .string(let string) = element else {
        throw ModelError.malformedConfiguration(
          key: keys[0], reason: "holds something that is not a string")
      }
      return string
    }
  }

  package func object(_ keys: String...) -> ModelConfiguration? {
    if case .object(let value) = first(keys) { return ModelConfiguration(value) }
    return nil
  }

  /// The names this folder gives for its architecture, most specific first.
  package var architectureNames: [String] {
    let listed = (try? strings("architectures")) ?? nil
    return (listed ?? []) + [string("model_type")].compactMap { $0 }
  }
}
