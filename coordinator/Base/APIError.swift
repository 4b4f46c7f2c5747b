import Documents
import HTTPTypes
import Jobs
import Postgres

/// What is wrong with a request, in the form that OpenAI's clients expect.
struct APIError: Error, Equatable {
  let status: HTTPResponse.Status
  let message: String
  let type: String
  let param: String?
  let code: String?
  /// Seconds after which the same may succeed.
  var retryAfter: Int?
  /// False: clients that repeat what failed shall not repeat this.
  var isWorthRetrying: Bool?

  init(
    _ status: HTTPResponse.Status, _ message: String, type: String = "invalid_request_error",
    param: String? = nil, code: String? = nil, retryAfter: Int? = nil, isWorthRetrying: Bool? = nil
  ) {
    self.status = status
    self.message = message
    self.type = type
    self.param = param
    self.code = code
    self.retryAfter = retryAfter
    self.isWorthRetrying = isWorthRetrying
  }

  static func badRequest(_ message: String, param: String? = nil, code: String? = nil) -> APIError {
    APIError(.badRequest, message, param: param, code: code)
  }

  static func unsupported(_ what: String, param: String) -> APIError {
    APIError(.badRequest, what, param: param, code: "unsupported_parameter")
  }

  static func notFound(_ what: String, _ id: String) -> APIError {
    APIError(.notFound, "There is no \(what) '\(id)'.", code: "not_found")
  }

  static func tooLarge(_ message: String) -> APIError {
    APIError(.contentTooLarge, message, code: "too_large")
  }

  static func conflict(_ message: String) -> APIError {
    APIError(.conflict, message, code: "conflict", isWorthRetrying: false)
  }

  static let unauthorized = APIError(
    .unauthorized, "The API key is missing or not valid. Give one as 'Authorization: Bearer KEY'.",
    type: "authentication_error", code: "invalid_api_key")

  var json: JSON {
    [
      "error": [
        "message": .string(message), "type": .string(type), "param": JSON(param),
        "code": JSON(code),
      ]
    ]
  }

  /// What went wrong below, as a client may know it.
  init(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as PostgresError: self.init(error)
    case let error as JobError: self.init(error)
    case let error as DocumentError:
      self.init(.badRequest, "\(error)", code: "unreadable_document")
    default: self = .internal
    }
  }

  static let `internal` = APIError(
    .internalServerError, "Something went wrong here. The log says more, by the request's id.",
    type: "server_error")

  private init(_ error: JobError) {
    switch error {
    case .noSuchJob(let id): self = .notFound("job", "\(id)")
    case .noSuchReading(let id): self = .notFound("reading", "\(id)")
    case .noSuchKey(let id): self = .notFound("key", id)
    case .isRunning: self = .conflict("\(error)")
    case .noResult: self = APIError(.conflict, "\(error)", code: "no_result")
    default: self = .internal
    }
  }

  private init(_ error: PostgresError) {
    if case .unexpectedResult(let reason) = error, reason.contains("U+0000") {
      self = .badRequest("A text has a character U+0000, which cannot be stored.")
      return
    }
    guard case .query(let state, let message, let hint) = error else {
      self.init(
        .serviceUnavailable, "The database cannot be reached.", type: "server_error",
        code: "unavailable", retryAfter: 5)
      return
    }
    let said = [message, hint].compactMap(\.self).joined(separator: ". ")
    switch state {
    case "P0002": self.init(.notFound, said, code: "not_found")
    case "54000": self.init(.contentTooLarge, said, code: "too_large")
    case "23514", "22023": self.init(.badRequest, said)
    // Values that Postgres does not take, such as an escaped U+0000 in JSON.
    case "22P05", "22021", "22003", "22001": self.init(.badRequest, message)
    case "55006": self = .conflict(said)
    case "57014", "55P03", "57P01", "53300", "40001", "40P01":
      self.init(
        .serviceUnavailable, "The database is busy.", type: "server_error", code: "unavailable",
        retryAfter: 2)
    default: self = .internal
    }
  }
}
