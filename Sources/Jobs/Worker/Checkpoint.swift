package import Results

/// A reading, saved so that it can go on elsewhere.
package struct Checkpoint: Sendable {
  /// What grew by the tokens firstToken..<endToken, counted with those before the document.
  package struct Page: Sendable {
    package let firstToken: Int
    package let endToken: Int
    package let data: CompressedBytes

    package init(firstToken: Int, endToken: Int, data: CompressedBytes) {
      self.firstToken = firstToken
      self.endToken = endToken
      self.data = data
    }
  }

  /// Of document, model, task and format: a reading of another key is of no use.
  package let key: String
  /// Of the document, that were read.
  package let tokens: Int
  /// That reading took so far.
  package let seconds: Double
  /// Checkpoints so far.
  package let number: Int
  /// The instruction set whose kernels computed it: others give slightly other numbers.
  package let isa: String
  package let state: CompressedBytes
  /// All of them when it is loaded, what is new when it is saved.
  package let pages: [Page]

  package init(
    key: String, tokens: Int, seconds: Double, number: Int, isa: String, state: CompressedBytes,
    pages: [Page]
  ) {
    self.key = key
    self.tokens = tokens
    self.seconds = seconds
    self.number = number
    self.isa = isa
    self.state = state
    self.pages = pages
  }
}
