import Foundation

/// The lines of a batch's input file, as its pieces come.
struct BatchLines {
  static let most = 50_000
  static let mostBytes = 200 << 20
  private static let longest = 96 << 20

  private var rest: [UInt8] = []
  private(set) var number = 0

  /// A line that is not empty; its number counts from 1.
  struct Line: Sendable {
    let number: Int
    let bytes: [UInt8]
  }

  /// - Throws: `LineError` where a line does not end.
  mutating func take(_ piece: [UInt8]) throws -> [Line] {
    rest += piece
    var lines: [Line] = []
    var start = 0
    while let end = rest[start...].firstIndex(of: 10) {
      if let line = line(rest[start..<end]) { lines.append(line) }
      start = end + 1
    }
    rest.removeFirst(start)
    guard rest.count <= Self.longest else {
      throw LineError(line: number + 1, code: "too_long", message: "The line is too long.")
    }
    return lines
  }

  /// What has no line end behind it.
  mutating func finish() -> [Line] {
    defer { rest = [] }
    return [line(rest[...])].compactMap(\.self)
  }

  private mutating func line(_ bytes: ArraySlice<UInt8>) -> Line? {
    let isBlank = bytes.allSatisfy { $0 == 32 || (9...13).contains($0) }
    guard !isBlank else { return nil }
    number += 1
    return Line(number: number, bytes: Array(bytes))
  }
}

/// What is wrong with a line of a batch.
struct LineError: Error {
  var line: Int?
  let code: String
  let message: String
  var param: String?

  var json: JSON {
    [
      "code": .string(code), "message": .string(message), "line": JSON(line), "param": JSON(param),
    ]
  }
}

/// A line as a request.
struct BatchRequest: Sendable {
  let customID: String
  let body: AskedBody

  /// - Throws: `LineError`
  init(_ line: BatchLines.Line, endpoint: String) throws {
    func wrong(_ message: String, _ param: String?) -> LineError {
      LineError(line: line.number, code: "invalid_request", message: message, param: param)
    }
    guard let json = try? JSON.parsed(line.bytes), json.object != nil else {
      throw LineError(
        line: line.number, code: "invalid_json_line", message: "The line is no JSON object.")
    }
    guard let id = json["custom_id"].string, !id.isEmpty, id.utf8.count <= 512,
      !id.utf8.contains(0)
    else { throw wrong("'custom_id' must be a text of at most 512 bytes.", "custom_id") }
    guard json["method"].string == "POST" else { throw wrong("'method' must be 'POST'.", "method") }
    guard json["url"].string == endpoint else {
      throw LineError(
        line: line.number, code: "mismatched_endpoint",
        message: "'url' must be the batch's endpoint, \(endpoint).", param: "url")
    }
    guard json["body"].object != nil else { throw wrong("'body' must be an object.", "body") }
    customID = id
    body = try AskedBody(line.bytes, within: "body")
  }

  /// What it asks.
  /// - Throws: `APIError`
  func asked(_ endpoint: String) throws -> Asked {
    var asked =
      endpoint == BatchRoutes.chatEndpoint
      ? try AskedParsing.chat(body) : try AskedParsing.response(body)
    asked.stream = false
    return asked
  }
}
