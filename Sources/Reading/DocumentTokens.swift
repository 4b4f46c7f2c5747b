package import Documents
package import Inference
package import Retrieval
package import Tokenizer

/// A document's text as a model's tokens, and the way from quotable units to them.
package struct DocumentTokens {
  package let text: QuotableText
  package let ids: [Int32]
  /// Of each token's first byte.
  private let offsets: [Int32]

  /// - Parameter control: its `shouldStop` is asked while tokens are made.
  /// - Throws: `ReadingError.stopped`; `TokenizerError` for a text that cannot be split.
  package init(
    _ document: Document, _ tokenizer: TextTokenizer, _ control: ReadingControl = ReadingControl()
  ) throws {
    var isStopped = false
    let stop = {
      isStopped = isStopped || control.shouldStop()
      return isStopped
    }
    text = QuotableText(document)
    let ids = text.bytes.withUnsafeBufferPointer {
      tokenizer.encode($0, .afterText, stop: stop)
    }
    if isStopped { throw ReadingError.stopped }
    if let failure = tokenizer.failure { throw failure }
    offsets = text.bytes.withUnsafeBufferPointer { tokenizer.offsets(of: ids, in: $0) }
    self.ids = ids
  }

  /// The tokens that a unit's bytes lie in.
  package func tokens(ofUnit unit: Int) -> Range<Int> {
    let range = text.units.ranges[unit]
    return token(at: range.lowerBound)..<token(at: range.upperBound - 1) + 1
  }

  /// The text's parts, and the tokens at which they end.
  package func parts() -> (parts: TextParts, ends: [Int]) {
    let starts = text.units.ranges.indices.map { tokens(ofUnit: $0).lowerBound }
    let parts = TextParts(text, starts: starts, tokens: ids.count)
    return (parts, ends(of: parts.all, starts))
  }

  /// Chapters, files, pages or mails, and the tokens at which they end; none where there are none.
  package func parts(each kind: TextParts.Kind) -> (parts: [TextParts.Part], ends: [Int]) {
    if kind == .part {
      let (parts, ends) = parts()
      return (parts.all, ends)
    }
    let starts = text.units.ranges.indices.map { tokens(ofUnit: $0).lowerBound }
    let parts = TextParts.each(kind, of: text)
    return (parts, ends(of: parts, starts))
  }

  private func ends(of parts: [TextParts.Part], _ starts: [Int]) -> [Int] {
    parts.map { part in
      part.units.upperBound < starts.count ? starts[part.units.upperBound] : ids.count
    }
  }

  /// The token in which a byte lies.
  private func token(at offset: Int32) -> Int {
    max(0, Self.last(offsets, atMost: offset))
  }

  /// The attention that each unit's tokens got.
  /// - Parameter shift: the position of the document's first token.
  package func mass(of trace: AttentionTrace, shift: Int) -> [Double] {
    let units = text.units.ranges.indices
    let starts = units.map { tokens(ofUnit: $0).lowerBound }
    var result = [Double](repeating: 0, count: units.count)
    for (position, mass) in trace.mass where position >= shift && position - shift < ids.count {
      let unit = Self.last(starts, atMost: position - shift)
      if unit >= 0 { result[unit] += Double(mass) }
    }

    return result
  }

  /// The index of the last of ascending numbers that is not above a value; -1 where all are.
  private static func last<Number: Comparable>(_ numbers: [Number], atMost value: Number) -> Int {
    var low = -1
    var high = numbers.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if numbers[middle] <= value { low = middle } else { high = middle - 1 }
    }

    return low
  }
}
