package import Results

/// What a worker has to know before it keeps a reading.
package struct KeepPlan: Sendable, Equatable {
  /// That a reading has to take.
  package let leastSeconds: Double
  /// That the tenant's kept readings may have together.
  package let mostBytes: Int

  package init(leastSeconds: Double, mostBytes: Int) {
    self.leastSeconds = leastSeconds
    self.mostBytes = mostBytes
  }
}

/// A kept state that a reading may go on from.
package struct KeptCandidate: Sendable, Equatable {
  package let id: Int
  /// Of the document, that were read.
  package let tokens: Int
  /// Of the ids up to there, in hex.
  package let idsSHA256: String

  package init(id: Int, tokens: Int, idsSHA256: String) {
    self.id = id
    self.tokens = tokens
    self.idsSHA256 = idsSHA256
  }
}

/// A reading's state, kept for other jobs of the same tenant.
package struct KeptState: Sendable {
  /// Of model, state's format and focus: states of one kind fit the same readings.
  package let kind: String
  /// The question that the reading was for; nil for a general one.
  package let focus: String?
  package let modelSHA256: String
  /// Of the ids up to there, in hex.
  package let idsSHA256: String
  /// With those before the document.
  package let position: Int
  /// True after the document's last token.
  package let isEnd: Bool
  package let checkpoint: Checkpoint

  package init(
    kind: String, focus: String?, modelSHA256: String, idsSHA256: String, position: Int,
    isEnd: Bool, checkpoint: Checkpoint
  ) {
    self.kind = kind
    self.focus = focus
    self.modelSHA256 = modelSHA256
    self.idsSHA256 = idsSHA256
    self.position = position
    self.isEnd = isEnd
    self.checkpoint = checkpoint
  }
}
