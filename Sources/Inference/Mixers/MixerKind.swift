/// The kinds of layer memory that a folder's config.json may ask for.
package enum MixerKind: String, Sendable, CaseIterable {
  /// One [head_dim, head_dim] matrix per head with a decay (arXiv 2501.08313); in a Llama folder
  /// beside a window, for the tokens that left it.
  case lightning
  /// Keys and values of every token.
  case softmax
  /// Keys and values of the last W tokens and a few first ones (arXiv 2309.17453).
  case window
  /// Sinks, the last W tokens and at most M others kept for their salience.
  case bounded
}
