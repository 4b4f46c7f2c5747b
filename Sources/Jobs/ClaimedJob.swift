import Digests
package import Documents

/// A job that this worker may write about, under its claim.
package struct ClaimedJob: Sendable {
  package let claim: Claim
  package let question: String?
  package let model: String
  package let documentName: String
  package let text: String
  /// Of the text.
  package let sha256: String
  package let bytes: Int
  private let taskName: String
  private let parts: String
  private let parameterText: String

  package var id: Int { claim.job }

  /// - Parameters:
  ///   - task: as the order names it.
  ///   - parts: JSON, as `PartsCoding` writes it.
  package init(
    claim: Claim, task: String, question: String?, model: String, documentName: String,
    text: String, parts: String, parameters: String = "{}", sha256: String, bytes: Int
  ) {
    self.claim = claim
    self.question = question
    self.model = model
    self.documentName = documentName
    self.text = text
    self.sha256 = sha256
    self.bytes = bytes
    taskName = task
    self.parts = parts
    parameterText = parameters
  }

  /// - Throws: `JobError.unknownTask`: then a newer worker may know it.
  package func task() throws -> JobTask { try JobTask(named: taskName) }

  /// - Throws: `JobError.unknownParameter`: then a newer worker may know it; `.malformedParameters`.
  package func parameters() throws -> JobParameters { try JobParameters.decoded(parameterText) }

  /// - Throws: `JobError.malformedParts`, `.damagedDocument`
  package func document() throws -> Document {
    let document = Document(
      name: documentName, text: text,
      parts: try PartsCoding.decode(parts, scalars: text.unicodeScalars.count))
    guard document.sha256 == sha256 else {
      throw JobError.damagedDocument(expected: sha256, found: document.sha256)
    }
    return document
  }

  /// The file that the text was taken from; nil where the text is the file.
  /// - Throws: `JobError.malformedParts`
  package func source() throws -> SourceFile? {
    try PartsCoding.decode(parts, scalars: text.unicodeScalars.count).first?.source
  }

  /// What a reading's state depends on: readings of the same key are the same, block by block.
  /// - Parameters:
  ///   - format: the version of the state's archive.
  ///   - focus: the question that the reading is for; nil for a general one.
  ///   - writing: what is written on the way, and how; nil for nothing.
  package func readingKey(
    modelSHA256: String, format: Int, focus: String?, writing: String? = nil
  ) -> String {
    let kind = focus == nil ? "general" : "focused"
    let all =
      ["reading \(format)", modelSHA256, sha256, parts, kind, focus ?? ""]
      + [writing].compactMap(\.self)
    return SHA256.hex(of: all.map(SHA256.hex(of:)).joined(separator: " "))
  }
}
