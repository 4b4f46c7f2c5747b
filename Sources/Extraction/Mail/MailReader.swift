import CGMime
import Documents

/// Mail by GMime: one message (RFC 5322), or an mbox of many (RFC 4155).
struct MailReader: FormatReader {
  let isMailbox: Bool
  var type: String { isMailbox ? "application/mbox" : "message/rfc822" }

  /// GMime's tables, made once.
  private static let prepare: Void = g_mime_init()

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    Self.prepare
    guard let stream = Self.stream(file.bytes) else {
      throw ExtractionError.broken("no memory is left to read it")
    }
    defer { g_object_unref(stream) }
    guard let parser = g_mime_parser_new_with_stream(stream) else {
      throw ExtractionError.broken("no memory is left to read it")
    }
    defer { g_object_unref(parser) }
    g_mime_parser_set_format(parser, isMailbox ? GMIME_FORMAT_MBOX : GMIME_FORMAT_MESSAGE)
    var writer = TextWriter()
    var number = 0
    while !isMailbox || g_mime_parser_eos(parser) == 0 {
      let place = g_mime_parser_tell(parser)
      if let message = g_mime_parser_construct_message(parser, nil) {
        number += 1
        defer { g_object_unref(message) }
        try MailMessage(message, context).write(number: isMailbox ? number : nil, &writer)
        if number % 500 == 0 { context.progress(number, of: 0, "messages") }
      } else if g_mime_parser_tell(parser) <= place {
        break
      }
      if !isMailbox { break }
    }
    guard number > 0 else { throw ExtractionError.broken("no message can be told in it") }
    return [writer.finish()]
  }

  private static func stream(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<GMimeStream>?
  {
    g_mime_stream_mem_new_with_buffer(
      bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
  }
}

/// One message: its head, its text, and the names of what is attached.
struct MailMessage {
  private let message: UnsafeMutablePointer<GMimeMessage>
  private let context: ExtractionContext

  /// Messages within messages, parts within parts.
  private static let deepest = 32

  init(_ message: UnsafeMutablePointer<GMimeMessage>, _ context: ExtractionContext) {
    self.message = message
    self.context = context
  }

  /// - Parameter number: in a mailbox, from 1; nil for a message by itself.
  func write(number: Int?, _ writer: inout TextWriter) throws {
    let sender = Self.taken(docproc_addresses(message, GMIME_ADDRESS_TYPE_FROM)) ?? "nobody"
    var blocks = [Block(kind: .verbatim, text: head(sender))]
    if let number {
      let label = "mail \(number), from \(Self.line(sender))"
      blocks[0].marks = [Block.Mark(kind: Place.Kind.entry, label: label, offset: 0)]
    }
    blocks += try body(depth: 0)
    writer.write(blocks)
  }

  private func head(_ sender: String) -> String {
    let lines = [
      ("From", sender),
      ("To", Self.taken(docproc_addresses(message, GMIME_ADDRESS_TYPE_TO))),
      ("Cc", Self.taken(docproc_addresses(message, GMIME_ADDRESS_TYPE_CC))),
      ("Date", Self.taken(docproc_date(message))),
      ("Subject", g_mime_message_get_subject(message).map { String(cString: $0) }),
    ]
    return lines.compactMap { name, value in
      guard let value, !value.isEmpty else { return nil }
      return "\(name): \(Self.line(value))"
    }.joined(separator: "\n")
  }

  private func body(depth: Int) throws -> [Block] {
    guard let root = g_mime_message_get_mime_part(message) else { return [] }
    return try blocks(root, depth: depth)
  }

  private func blocks(
    _ part: UnsafeMutablePointer<GMimeObject>, depth: Int
  ) throws -> [Block] {
    guard depth < Self.deepest else {
      context.note("a message is nested deeper than \(Self.deepest): what lies below is not read")
      return []
    }
    if docproc_is_message(part) != 0 {
      guard let inner = docproc_message(part) else { return [] }
      let forwarded = MailMessage(inner, context)
      let sender = Self.taken(docproc_addresses(inner, GMIME_ADDRESS_TYPE_FROM)) ?? "nobody"
      return [Block(kind: .verbatim, text: forwarded.head(sender))]
        + (try forwarded.body(depth: depth + 1))
    }
    if docproc_is_multipart(part) != 0 { return try multipart(part, depth: depth) }
    return docproc_is_part(part) != 0 ? try single(part) : []
  }

  /// Of alternatives one is read: plain text, else the last that is text, as it is the richest
  /// (RFC 2046, section 5.1.4).
  private func multipart(
    _ part: UnsafeMutablePointer<GMimeObject>, depth: Int
  ) throws -> [Block] {
    let count = max(0, docproc_count(part))
    let children = (0..<count).compactMap { docproc_child(part, $0) }
    guard Self.kind(part) == "multipart/alternative" else {
      return try children.flatMap { try blocks($0, depth: depth + 1) }
    }
    let plain = children.first { Self.kind($0) == "text/plain" }
    let rich = children.last { Self.kind($0) == "text/html" || docproc_is_multipart($0) != 0 }
    guard let chosen = plain ?? rich ?? children.last else { return [] }
    var words = try blocks(chosen, depth: depth + 1)
    // A plain part that is empty says nothing, whatever the other says.
    if words.allSatisfy(\.text.isEmpty), let rich { words = try blocks(rich, depth: depth + 1) }
    // What is attached to the part that is not read is attached to the message.
    let others = try children.filter { $0 != chosen }.flatMap { try blocks($0, depth: depth + 1) }
    return words + others.filter { $0.text.hasPrefix(Self.attachment) && !words.contains($0) }
  }

  private static let attachment = "[attachment: "

  private func single(_ part: UnsafeMutablePointer<GMimeObject>) throws -> [Block] {
    let kind = Self.kind(part)
    let disposition = g_mime_object_get_disposition(part).map { String(cString: $0) }
    let name = docproc_filename(part).map { String(cString: $0) }
    let isText = kind.hasPrefix("text/") && disposition?.lowercased() != "attachment"
    guard isText else {
      return [Block(kind: .paragraph, text: "\(Self.attachment)\(Self.line(name ?? kind))]")]
    }
    let bytes = try content(part)
    let charset = g_mime_object_get_content_type_parameter(part, "charset").map {
      String(cString: $0)
    }
    let text = decoded(bytes, charset)
    guard kind == "text/html" else { return Self.paragraphs(text) }
    let page = try HTMLReader.text(ofPage: text, context)
    return Self.paragraphs(page.text)
  }

  private func content(_ part: UnsafeMutablePointer<GMimeObject>) throws -> [UInt8] {
    guard let wrapper = docproc_content(part), let memory = g_mime_stream_mem_new() else {
      return []
    }
    defer { g_object_unref(memory) }
    g_mime_data_wrapper_write_to_stream(wrapper, memory)
    let count = Int(g_mime_stream_length(memory))
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    g_mime_stream_reset(memory)
    let got = bytes.withUnsafeMutableBytes {
      g_mime_stream_read(memory, $0.bindMemory(to: CChar.self).baseAddress, count)
    }
    return Array(bytes.prefix(max(0, Int(got))))
  }

  /// By the charset that the message names, else by what it looks like.
  private func decoded(_ bytes: [UInt8], _ charset: String?) -> String {
    let isPlain = charset.map { ["us-ascii", "ascii"].contains($0.lowercased()) } ?? true
    for encoding in [isPlain ? nil : charset, nil] {
      if let decoded = try? TextDecoder.decode(bytes, path: "mail", encoding: encoding) {
        return decoded.text
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Lines as they are; an mbox's own sign before a line that begins with From is none of its.
  private static func paragraphs(_ text: String) -> [Block] {
    let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { line in
      let isQuoted = line.first == mark && line.drop { $0 == mark }.starts(with: from)
      return isQuoted ? line.dropFirst() : line
    }
    var inline = InlineText()
    inline.append(
      String(decoding: Array(lines.joined(separator: [10])), as: UTF8.self), verbatim: true)
    let words = inline.text()
    return words.isEmpty ? [] : [Block(kind: .verbatim, text: words)]
  }

  private static let mark = UInt8(ascii: ">")
  private static let from = Array("From ".utf8)

  private static func kind(_ part: UnsafeMutablePointer<GMimeObject>) -> String {
    guard let type = g_mime_object_get_content_type(part) else { return "text/plain" }
    return taken(g_mime_content_type_get_mime_type(type))?.lowercased() ?? "text/plain"
  }

  /// A string that GLib handed over.
  private static func taken(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    guard let text else { return nil }
    defer { g_free(text) }
    return String(cString: text)
  }

  private static func line(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
