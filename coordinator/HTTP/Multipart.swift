import Foundation
import NIOCore

/// A form with files (RFC 7578), taken apart as it comes: no file is ever in memory whole.
struct MultipartReader {
  /// Of a part's header, and of all fields that are no files.
  static let mostHeaderBytes = 16 << 10
  static let mostFieldBytes = 64 << 10
  private static let mostParts = 64

  enum Event: Equatable {
    /// A part begins.
    case part(name: String, filename: String?)
    case data(ByteBuffer)
    case partEnd
  }

  private let delimiter: [UInt8]
  private var buffer: [UInt8]
  private var state = State.preamble
  private var parts = 0

  private enum State { case preamble, header, content, epilogue }

  /// - Parameter contentType: of the request.
  /// - Throws: `APIError` where it names no boundary.
  init(contentType: String?) throws {
    let boundary = contentType.flatMap(Self.boundary)
    guard let boundary, (1...70).contains(boundary.utf8.count) else {
      throw APIError.badRequest(
        "The body must be multipart/form-data with a boundary.", code: "invalid_multipart")
    }
    delimiter = Array("\r\n--\(boundary)".utf8)
    // The first delimiter may stand at the very beginning.
    buffer = [13, 10]
  }

  private static func boundary(_ type: String) -> String? {
    let fields = type.split(separator: ";").map { $0.drop { $0 == " " || $0 == "\t" } }
    guard fields.first?.lowercased() == "multipart/form-data" else { return nil }
    let found = fields.dropFirst().first { $0.lowercased().hasPrefix("boundary=") }
    return found.map { unquoted(String($0.dropFirst("boundary=".count))) }
  }

  private static func unquoted(_ text: String) -> String {
    let isQuoted = text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
    return isQuoted ? String(text.dropFirst().dropLast()) : text
  }

  /// - Returns: what the bytes bring to an end, in order.
  /// - Throws: `APIError`
  mutating func take(_ bytes: ByteBuffer) throws -> [Event] {
    buffer.append(contentsOf: bytes.readableBytesView)
    var events: [Event] = []
    while try step(&events) {}
    return events
  }

  /// - Throws: `APIError` where the form's end is missing.
  func finish() throws {
    guard state == .epilogue else { throw Self.broken("its end is missing") }
  }

  private static func broken(_ what: String) -> APIError {
    .badRequest("The multipart body is malformed: \(what).", code: "invalid_multipart")
  }

  /// - Returns: false where more bytes are needed.
  private mutating func step(_ events: inout [Event]) throws -> Bool {
    switch state {
    case .epilogue:
      buffer = []
      return false
    case .preamble, .content:
      return try toDelimiter(&events)
    case .header:
      guard let end = buffer.firstRange(of: [13, 10, 13, 10]) else {
        guard buffer.count <= Self.mostHeaderBytes else { throw Self.broken("a part's header") }
        return false
      }
      guard end.lowerBound <= Self.mostHeaderBytes else { throw Self.broken("a part's header") }
      events.append(try part(Array(buffer[..<end.lowerBound])))
      // An empty part's delimiter begins with the header's last line end.
      buffer.removeFirst(end.lowerBound + 2)
      if !buffer.starts(with: delimiter) { buffer.removeFirst(2) }
      state = .content
      return true
    }
  }

  private mutating func toDelimiter(_ events: inout [Event]) throws -> Bool {
    guard let found = buffer.firstRange(of: delimiter) else {
      // The delimiter's beginning may be at the end.
      let safe = buffer.count - delimiter.count + 1
      guard safe > 0 else { return false }
      if state == .content { events.append(.data(ByteBuffer(bytes: buffer[..<safe]))) }
      buffer.removeFirst(safe)
      return false
    }
    guard let isLast = try afterDelimiter(found.upperBound) else { return false }
    if state == .content {
      if found.lowerBound > 0 {
        events.append(.data(ByteBuffer(bytes: buffer[..<found.lowerBound])))
      }
      events.append(.partEnd)
    }
    state = isLast ? .epilogue : .header
    // The line end stays: a header may be empty.
    let end = buffer[found.upperBound...].firstRange(of: [13, 10])
    buffer.removeFirst(isLast ? buffer.count : (end?.upperBound ?? buffer.count))
    parts += isLast ? 0 : 1
    guard parts <= Self.mostParts else { throw Self.broken("more than \(Self.mostParts) parts") }
    return !isLast
  }

  /// - Returns: whether it is the closing one; nil where more bytes are needed.
  private func afterDelimiter(_ place: Int) throws -> Bool? {
    var rest = buffer[place...]
    if rest.starts(with: [45, 45]) { return true }
    rest = rest.drop { $0 == 32 || $0 == 9 }
    if rest.count < 2 {
      guard buffer.count - place <= 1024 else { throw Self.broken("a delimiter") }
      return nil
    }
    guard rest.starts(with: [13, 10]) else { throw Self.broken("a delimiter's line") }
    return false
  }

  private func part(_ header: [UInt8]) throws -> Event {
    let lines = String(decoding: header, as: UTF8.self).split(separator: "\r\n")
    let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") }
    guard let disposition else { throw Self.broken("a part has no Content-Disposition") }
    let fields = Self.fields(disposition.drop { $0 != ":" }.dropFirst())
    guard let name = fields["name"] else { throw Self.broken("a part has no name") }
    return .part(name: name, filename: fields["filename"])
  }

  /// `form-data; name="file"; filename="a;b.txt"` as names and values. Clients write a quote
  /// within a name as %22 (HTML standard), or behind a backslash.
  private static func fields(_ text: Substring) -> [String: String] {
    var fields: [String: String] = [:]
    var rest = text.drop { $0 != ";" }
    while rest.first == ";" {
      rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
      let name = rest.prefix { $0 != "=" && $0 != ";" }
      rest = rest.dropFirst(name.count)
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst()
      var value = ""
      if rest.first == "\"" {
        rest = rest.dropFirst()
        while let next = rest.first, next != "\"" {
          rest = rest.dropFirst()
          if next == "\\", let escaped = rest.first, escaped == "\"" || escaped == "\\" {
            value.append(escaped)
            rest = rest.dropFirst()
          } else {
            value.append(next)
          }
        }
        rest = rest.dropFirst().drop { $0 != ";" }
      } else {
        value = String(rest.prefix { $0 != ";" })
        rest = rest.dropFirst(value.count)
      }
      fields[name.lowercased()] = value.replacingOccurrences(
        of: "%22", with: "\"", options: .literal)
    }
    return fields
  }
}
