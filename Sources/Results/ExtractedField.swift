/// A value of an extraction, with where it stands in the document.
package struct ExtractedField: Sendable, Codable, Equatable {
  /// The value's place (RFC 6901), such as `/characters/0/name`.
  package let pointer: String
  /// False where the document does not say it in these words.
  package let supported: Bool
  package let quote: Quote?

  package init(pointer: String, supported: Bool, quote: Quote?) {
    self.pointer = pointer
    self.supported = supported
    self.quote = quote
  }
}
