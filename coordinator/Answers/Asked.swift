import Jobs
import Schemas

/// What a request asks of a model, whichever API it came by.
struct Asked: Sendable {
  /// A file that is to be read.
  enum File: Sendable, Equatable {
    case stored(id: String)
    case inline(name: String, bytes: [UInt8])
  }

  var model = ""
  /// What the model is told besides.
  var instructions: String?
  var files: [File] = []
  /// What was said before, oldest first.
  var turns: [AnsweredQuestion] = []
  /// The user's last words.
  var message = ""
  /// The response that this one follows.
  var previous: String?
  var mostTokens: Int?
  var thinkTokens: Int?
  var temperature: Double?
  var topP: Double?
  var seed: Int?
  var stop: [String] = []
  var stream = false
  /// Of a chat's stream: figures at its end.
  var includesUsage = false
  var background = false
  var metadata: JSON = .object([:])
  /// The answer is JSON under it.
  var schema: JSONSchema?
  /// Calls may stand for an answer.
  var tools: ToolSet?
  /// What only this service knows: `from`, `priority`, `focused`, `keep`, `beyond_context`, `effort`.
  var own = OwnOptions()

  struct OwnOptions: Sendable, Equatable {
    var from: String?
    var priority = 0
    var focused: Bool?
    var keep: Bool?
    var beyondContext: Bool?
    var effort: Int?
  }

  /// Without files there is nothing to read but the words themselves.
  var task: JobTask {
    files.isEmpty && previous == nil ? .chat : schema == nil ? .ask : .extract
  }
}

/// Checks of what requests say, with errors that name the place.
enum Check {
  /// - Throws: `APIError` for a name that is none of those.
  static func known(_ body: JSON, _ names: Set<String>) throws {
    guard let members = body.object else {
      throw APIError.badRequest("The body must be a JSON object.", code: "invalid_json")
    }
    for name in members.keys.sorted() where !names.contains(name) {
      throw APIError.badRequest(
        "Unknown parameter: '\(name.prefix(100))'.", param: name, code: "unknown_parameter")
    }
  }

  static func string(_ value: JSON, _ param: String) throws -> String? {
    if value.isNull { return nil }
    guard let text = value.string else { throw wrong(param, "a string") }
    return text
  }

  static func bool(_ value: JSON, _ param: String) throws -> Bool? {
    if value.isNull { return nil }
    guard let flag = value.bool else { throw wrong(param, "true or false") }
    return flag
  }

  static func integer(_ value: JSON, _ limits: ClosedRange<Int>, _ param: String) throws -> Int? {
    if value.isNull { return nil }
    guard let number = value.integer, limits.contains(number) else {
      throw wrong(param, "a whole number from \(limits.lowerBound) to \(limits.upperBound)")
    }
    return number
  }

  static func number(
    _ value: JSON, _ limits: ClosedRange<Double>, _ param: String
  ) throws -> Double? {
    if value.isNull { return nil }
    guard let number = value.number, limits.contains(number) else {
      throw wrong(param, "a number from \(limits.lowerBound) to \(limits.upperBound)")
    }
    return number
  }

  static func wrong(_ param: String, _ expected: String) -> APIError {
    .badRequest("'\(param)' must be \(expected).", param: param, code: "invalid_type")
  }

  /// Postgres holds no such text.
  static func text(_ text: String, _ param: String) throws -> String {
    guard !text.utf8.contains(0) else {
      throw APIError.badRequest("'\(param)' has a character U+0000.", param: param)
    }
    return text
  }

  /// Up to 16 names with texts.
  static func metadata(_ value: JSON) throws -> JSON {
    if value.isNull { return .object([:]) }
    guard let members = value.object, members.count <= 16,
      members.allSatisfy({ name, text in
        name.count <= 64 && text.string.map { $0.count <= 512 && !$0.utf8.contains(0) } ?? false
      })
    else { throw wrong("metadata", "an object of at most 16 names (64) with texts (512)") }
    return value
  }
}
