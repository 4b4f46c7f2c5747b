/// The grid that tokens are read on. It lies from the document's first token on, so a reading
/// runs the same blocks however its tokens were fed, and ends in the same bits.
package enum ReadingGrid {
  /// Tokens a block.
  package static let block = 512
}
