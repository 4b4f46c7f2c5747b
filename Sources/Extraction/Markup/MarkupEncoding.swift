import Documents

/// The text of a document in a markup, in the encoding that it names.
enum MarkupEncoding {
  private static let headBytes = 4096

  /// By its byte order mark, what it declares, and else by what it looks like.
  /// - Throws: `ExtractionError.broken`
  static func text(_ file: InputFile, _ context: ExtractionContext) throws -> String {
    let bytes = Array(file.bytes)
    let wanted = context.settings.encoding ?? declared(bytes)
    for encoding in wanted == nil ? [nil] : [wanted, nil] {
      do {
        let decoded = try TextDecoder.decode(bytes, path: file.name, encoding: encoding)
        if let doubt = decoded.doubt { context.leftOut.doubt(file.name, doubt) }
        return decoded.text
      } catch DocumentError.binary {
        throw ExtractionError.binary
      } catch let error as DocumentError {
        // What it declares may be no encoding, or not its own.
        if encoding == nil || encoding == context.settings.encoding {
          throw ExtractionError.broken("\(error)")
        }
      }
    }
    throw ExtractionError.broken("its encoding cannot be told")
  }

  /// The name in an XML declaration or a meta element; nil without one.
  static func declared(_ bytes: [UInt8]) -> String? {
    let head = String(decoding: bytes.prefix(headBytes), as: UTF8.self).lowercased()
    let patterns = [
      #/^\s*<\?xml[^>]*encoding\s*=\s*["']([a-z0-9._:-]+)["']/#,
      #/<meta[^>]*charset\s*=\s*["']?([a-z0-9._:-]+)/#,
    ]
    for pattern in patterns {
      if let match = head.firstMatch(of: pattern) { return String(match.output.1) }
    }
    return nil
  }
}
