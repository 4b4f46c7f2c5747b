import CXML2
import Glibc

/// Takes the events of a document in a markup.
protocol MarkupHandler: AnyObject {
  /// - Parameter name: as the document writes it, in HTML in small letters.
  func start(_ name: String, _ attributes: MarkupAttributes)
  func end(_ name: String)
  func text(_ text: String)
}

/// An element's attributes, made into strings only when they are asked for.
struct MarkupAttributes {
  fileprivate let pointer: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?

  /// The value of the first attribute with one of these names; nil without it.
  subscript(_ names: String...) -> String? {
    value { name in names.contains { strcmp(name, $0) == 0 } }
  }

  /// Of an attribute whose prefix the document may choose: `id` finds `w:id`.
  func local(_ name: String) -> String? {
    value { found in
      let behind = strrchr(found, Int32(UInt8(ascii: ":"))).map { UnsafePointer($0 + 1) }
      return strcmp(behind ?? found, name) == 0
    }
  }

  private func value(where isWanted: (UnsafePointer<CChar>) -> Bool) -> String? {
    guard var place = pointer else { return nil }
    while let name = place[0] {
      let isFound = name.withMemoryRebound(to: CChar.self, capacity: 1, isWanted)
      if isFound { return place[1].map { String(decodingCString: $0, as: UTF8.self) } ?? "" }
      place += 2
    }
    return nil
  }
}

extension String {
  /// A name without its prefix: `p` of `w:p`.
  var localName: String {
    utf8.lastIndex(of: UInt8(ascii: ":")).map { String(self[index(after: $0)...]) } ?? self
  }
}

/// Parses XML and HTML by libxml2's push parsers, whose time and memory do not grow with the depth
/// of the document. No entity is expanded but those that XML or HTML have, and nothing is fetched.
final class MarkupParser {
  private let handler: any MarkupHandler
  private let context: ExtractionContext
  private var depth = 0
  private var failure: (any Error)?
  private var parser: xmlParserCtxtPtr?

  private static let chunk = 1 << 18

  private init(_ handler: any MarkupHandler, _ context: ExtractionContext) {
    self.handler = handler
    self.context = context
  }

  /// - Returns: false where the document is not well-formed; what could be read was told.
  /// - Throws: `ExtractionError.limit`
  @discardableResult
  static func parse(
    xml bytes: UnsafeRawBufferPointer, _ handler: any MarkupHandler, _ context: ExtractionContext
  ) throws -> Bool {
    try MarkupParser(handler, context).parseXML(bytes)
  }

  /// - Parameter text: of the document; what it says of its encoding does not count.
  /// - Throws: `ExtractionError.limit`
  static func parse(
    html text: String, _ handler: any MarkupHandler, _ context: ExtractionContext
  ) throws {
    try MarkupParser(handler, context).parseHTML(text)
  }

  private func parseXML(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    let parser = try openXML()
    defer { xmlFreeParserCtxt(parser) }
    try feed(bytes) { xmlParseChunk(parser, $0, $1, $2) }
    try end { xmlParseChunk(parser, $0, $1, $2) }
    return parser.pointee.wellFormed == 1
  }

  /// Parses XML as it comes.
  /// - Parameter source: calls what it is given with each chunk.
  /// - Throws: `ExtractionError.limit`, and what `source` throws.
  static func parse<Result>(
    xmlFrom source: ((UnsafeRawBufferPointer) throws -> Void) throws -> Result,
    _ handler: any MarkupHandler, _ context: ExtractionContext
  ) throws -> Result {
    let this = MarkupParser(handler, context)
    let parser = try this.openXML()
    defer { xmlFreeParserCtxt(parser) }
    var bytes: [UInt8] = []
    let result = try source { chunk in
      bytes.append(contentsOf: chunk)
      // A letter that is cut in two waits for its other half.
      var end = bytes.count
      while end > 0, bytes.count - end < 4, bytes[end - 1] & 0xC0 == 0x80 { end -= 1 }
      if end > 0, bytes[end - 1] >= 0xC0 { end -= 1 } else { end = bytes.count }
      // XML has no such letters (section 2.2), and programs print them all the same.
      for index in 0..<end where bytes[index] < 32 {
        if bytes[index] != 9, bytes[index] != 10, bytes[index] != 13 { bytes[index] = 32 }
      }
      try bytes.withUnsafeBytes { bytes in
        let whole = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        try this.feed(whole) { xmlParseChunk(parser, $0, $1, $2) }
      }
      bytes.removeFirst(end)
    }
    try this.end { xmlParseChunk(parser, $0, $1, $2) }
    return result
  }

  private func openXML() throws -> xmlParserCtxtPtr {
    var events = events()
    let this = Unmanaged.passUnretained(self).toOpaque()
    guard let parser = xmlCreatePushParserCtxt(&events, this, nil, 0, nil) else {
      throw ExtractionError.broken("no memory is left to parse it")
    }
    self.parser = parser
    let options =
      XML_PARSE_RECOVER.rawValue | XML_PARSE_NONET.rawValue | XML_PARSE_HUGE.rawValue
    xmlCtxtUseOptions(parser, Int32(options))
    return parser
  }

  private func parseHTML(_ text: String) throws {
    var events = events()
    let this = Unmanaged.passUnretained(self).toOpaque()
    guard
      let parser = htmlCreatePushParserCtxt(&events, this, nil, 0, nil, XML_CHAR_ENCODING_UTF8)
    else { throw ExtractionError.broken("no memory is left to parse it") }
    self.parser = parser
    defer { htmlFreeParserCtxt(parser) }
    let options =
      HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NONET.rawValue | HTML_PARSE_IGNORE_ENC.rawValue
    htmlCtxtUseOptions(parser, Int32(options))
    var text = text
    try text.withUTF8 { bytes in
      try feed(UnsafeRawBufferPointer(bytes)) { htmlParseChunk(parser, $0, $1, $2) }
    }
    try end { htmlParseChunk(parser, $0, $1, $2) }
  }

  private func feed(
    _ bytes: UnsafeRawBufferPointer,
    _ parse: (UnsafePointer<CChar>?, Int32, Int32) -> Int32
  ) throws {
    var start = 0
    while start < bytes.count, failure == nil {
      var end = min(start + Self.chunk, bytes.count)
      // No letter is cut in two.
      while end < bytes.count, end > start + 4, bytes[end] & 0xC0 == 0x80 { end -= 1 }
      let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      _ = parse(piece.bindMemory(to: CChar.self).baseAddress, Int32(end - start), 0)
      start = end
    }
    if let failure { throw failure }
  }

  private func end(_ parse: (UnsafePointer<CChar>?, Int32, Int32) -> Int32) throws {
    _ = parse(nil, 0, 1)
    if let failure { throw failure }
  }

  private func events() -> xmlSAXHandler {
    var events = xmlSAXHandler()
    events.startElement = { MarkupParser.of($0)?.start($1, $2) }
    events.endElement = { MarkupParser.of($0)?.end($1) }
    events.characters = { MarkupParser.of($0)?.text($1, $2) }
    events.cdataBlock = { MarkupParser.of($0)?.text($1, $2) }
    events.ignorableWhitespace = { MarkupParser.of($0)?.text($1, $2) }
    // Those of a document's own stand for nothing: they would grow without end.
    events.getEntity = { xmlGetPredefinedEntity($1) }
    docproc_xml_quiet(&events)
    return events
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> MarkupParser? {
    pointer.map { Unmanaged<MarkupParser>.fromOpaque($0).takeUnretainedValue() }
  }

  private func start(
    _ name: UnsafePointer<xmlChar>?,
    _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
  ) {
    guard let name, failure == nil else { return }
    depth += 1
    do {
      try context.check(depth: depth)
    } catch {
      failure = error
      if let parser { xmlStopParser(parser) }
      return
    }
    handler.start(
      String(decodingCString: name, as: UTF8.self), MarkupAttributes(pointer: attributes))
  }

  private func end(_ name: UnsafePointer<xmlChar>?) {
    guard let name, failure == nil else { return }
    depth -= 1
    handler.end(String(decodingCString: name, as: UTF8.self))
  }

  private func text(_ text: UnsafePointer<xmlChar>?, _ count: Int32) {
    guard let text, count > 0, failure == nil else { return }
    handler.text(
      String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self))
  }
}
