import Hummingbird
import NIOCore
import Schemas

/// A request's body, and the same with its members in their order where that matters.
struct AskedBody: Sendable {
  let json: JSON
  private let bytes: [UInt8]
  private let place: [String]

  /// - Throws: `APIError` where it is no JSON.
  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    place = []
    json = try JSON.parsed(bytes)
  }

  /// A body that is a member of something else.
  init(_ bytes: [UInt8], within name: String) throws {
    self.bytes = bytes
    place = [name]
    json = try JSON.parsed(bytes)[name]
  }

  subscript(name: String) -> JSON { json[name] }

  /// What stands at a place, with its members in their order.
  /// - Throws: `APIError` where two members have the same name, or it is too deep.
  func ordered(_ place: String...) throws -> JSONTree? {
    do {
      return JSONPointer(self.place + place).value(in: try JSONTree(parsing: bytes))
    } catch let error as JSONError {
      throw APIError.badRequest("The body cannot be used: \(error).", code: "invalid_json")
    }
  }
}

extension Request {
  /// - Throws: `APIError` where it is larger, or no JSON.
  func asked(most: Int) async throws -> AskedBody {
    let bytes = try await bytes(most: most)
    guard bytes.readableBytes > 0 else {
      throw APIError.badRequest("The request has no body; JSON is expected.")
    }
    return try AskedBody(Array(bytes.readableBytesView))
  }
}
