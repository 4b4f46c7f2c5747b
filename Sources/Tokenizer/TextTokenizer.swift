package import Foundation

/// BPE over bytes, or over characters with bytes for rare ones, as tokenizer.json describes it: text
/// to token ids and back.
///
/// Text never yields a control token: those exist only by name, through
/// `controlToken`. For one thread at a time: pieces are cached.
package final class TextTokenizer {
  private let merger: BytePairMerger
  private let preTokenizer: PreTokenizer
  /// Where tokens are spelled in characters.
  private let symbols: CharacterSymbols?
  private let wholePieces: [[UInt8]: Int32]?  // ignore_merges: pieces that are tokens stay whole
  private let normalizesToNFC: Bool
  private let tokenBytes: [Int32: [UInt8]]
  private let controlTokens: [[UInt8]: Int32]  // by bytes: String equality merges Unicode
  private let specialIDs: Set<Int32>
  /// Tokens that stand before every text, as the tokenizer's post-processor says.
  package let beginning: [Int32]
  private var cache = PieceCache()

  /// - Throws: `TokenizerError`, which names what is missing or not supported.
  package convenience init(folder: String) throws {
    try self.init(path: folder + "/tokenizer.json")
  }

  package convenience init(path: String) throws { try self.init(try TokenizerFile(path: path)) }

  /// - Parameter json: what a tokenizer.json holds.
  package convenience init(json: Data) throws {
    try self.init(try TokenizerFile(json, path: "tokenizer.json"))
  }

  private init(_ file: TokenizerFile) throws {
    let controls = Set(file.addedTokens.map(\.id))
    var ids: [[UInt8]: Int32] = [:]
    var bytes: [Int32: [UInt8]] = [:]
    for (token, id) in file.vocabulary where !controls.contains(id) {
      let spelled = try Self.spelled(token, file)
      ids[spelled] = id
      bytes[id] = Self.text(spelled, file)
    }

    for added in file.addedTokens { bytes[added.id] = Array(added.content.utf8) }
    merger = try Self.merger(file, ids)
    preTokenizer = try PreTokenizer(file.splits)
    let unknown = file.unknown.flatMap { name in
      file.addedTokens.first { $0.content == name }?.id ?? ids[Array(name.utf8)]
    }
    symbols = file.marks.map { CharacterSymbols($0, ids: ids, unknown: unknown) }
    wholePieces = file.ignoresMerges ? ids : nil
    normalizesToNFC = file.normalizesToNFC
    tokenBytes = bytes
    specialIDs = Set(file.addedTokens.filter(\.isSpecial).map(\.id))
    let names = Dictionary(
      file.addedTokens.map { (Array($0.content.utf8), $0.id) },
      uniquingKeysWith: { first, _ in first })
    beginning = file.beginning.compactMap { names[Array($0.utf8)] }
    controlTokens = names
  }

  /// A token's key: bytes that it stands for, or its characters.
  private static func spelled(_ token: String, _ file: TokenizerFile) throws -> [UInt8] {
    if file.marks != nil { return Array(token.utf8) }
    guard let spelled = ByteAlphabet.decode(token) else {
      throw TokenizerError.malformed("the token '\(token)' is not spelled in bytes")
    }
    return spelled
  }

  private static func text(_ spelled: [UInt8], _ file: TokenizerFile) -> [UInt8] {
    guard file.marks != nil else { return spelled }
    return CharacterSymbols.byte(spelled).map { [$0] } ?? CharacterSymbols.text(spelled)
  }

  private static func merger(_ file: TokenizerFile, _ ids: [[UInt8]: Int32]) throws
    -> BytePairMerger
  {
    let byteIDs = (0..<256).map { ids[[UInt8($0)]] ?? BytePairMerger.noToken }
    var merges: [UInt64: BytePairMerger.Merge] = [:]
    for (rank, merge) in file.merges.enumerated() {
      guard let left = try? spelled(merge.left, file),
        let right = try? spelled(merge.right, file), let leftID = ids[left],
        let rightID = ids[right], let merged = ids[left + right]
      else {
        throw TokenizerError.malformed(
          "the merge '\(merge.left) \(merge.right)' names a token that is not in the vocabulary")
      }
      let key = BytePairMerger.key(leftID, rightID)
      if merges[key] == nil { merges[key] = .init(rank: Int32(rank), id: merged) }
    }

    return BytePairMerger(byteIDs: byteIDs, merges: merges)
  }

  /// The ids of `text`. Names of control tokens in it are ordinary text.
  package func encode(_ text: String, _ place: TextPlace = .first) -> [Int32] {
    var text = normalizesToNFC ? CanonicalComposition.apply(to: text) : text
    return text.withUTF8 { encode($0, place) }
  }

  /// Why a text's ids are not what its tokenizer means: its pattern takes more than there is. To be
  /// asked after texts of others were encoded.
  package var failure: TokenizerError? {
    preTokenizer.failure.map {
      .badPattern(pattern: "pre_tokenizer", reason: "splitting a text takes too much (\($0))")
    }
  }

  /// The ids of valid UTF-8, taken as it is, without normalization.
  /// - Parameter stop: asked every so often; once it is true, what was made by then is returned.
  package func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ place: TextPlace = .first,
    stop: () -> Bool = { false }
  ) -> [Int32] {
    var pieces = 0
    var isStopped = false
    func stops() -> Bool {
      isStopped = isStopped || stop()
      return isStopped
    }
    func goesOn() -> Bool {
      pieces += 1
      return !isStopped && (pieces % Self.piecesAtOnce != 0 || !stops())
    }
    var output: [Int32] = []
    output.reserveCapacity(text.count / 3)
    if let symbols {
      symbols.forEachPiece(text, isMarked: symbols.marks(text, place)) { piece in
        guard goesOn() else { return }
        let start = output.count
        output += piece
        merger.merge(&output, from: start, stop: stops)
      }
      return output
    }
    preTokenizer.forEachPiece(text) { if goesOn() { append($0, to: &output, stops) } }
    return output
  }

  /// Between two questions whether to go on.
  private static let piecesAtOnce = 1 << 15

  private func append(
    _ piece: UnsafeBufferPointer<UInt8>, to output: inout [Int32], _ stop: () -> Bool
  ) {
    let hash = PieceCache.hash(piece)
    if cache.append(piece, hash: hash, to: &output) { return }
    let start = output.count
    if let id = wholePieces?[Array(piece)] {
      output.append(id)
    } else {
      merger.append(piece, to: &output, stop: stop)
    }

    cache.insert(piece, hash: hash, ids: output[start...])
  }

  /// The bytes that a token stands for; empty for an unknown id.
  package func bytes(of id: Int32) -> [UInt8] { tokenBytes[id] ?? [] }

  /// Offsets in `text` at which each token begins, and its end.
  ///
  /// Bytes that no token stands for are skipped, as encoding skips them. The text is one that goes on
  /// from another.
  package func offsets(of ids: [Int32], in text: UnsafeBufferPointer<UInt8>) -> [Int32] {
    var offset = 0
    var result: [Int32] = []
    result.reserveCapacity(ids.count + 1)
    for id in ids {
      while symbols == nil, offset < text.count,
        merger.byteIDs[Int(text[offset])] == BytePairMerger.noToken
      {
        offset += 1
      }
      result.append(Int32(min(offset, text.count)))
      let bytes = tokenBytes[id] ?? []
      offset += symbols?.width(of: id, bytes, in: text, at: offset) ?? bytes.count
    }

    result.append(Int32(text.count))

    return result
  }

  /// The text of ids, without special tokens; broken UTF-8 becomes U+FFFD.
  package func decode(_ ids: some Sequence<Int32>) -> String {
    String(decoding: ids.filter { !specialIDs.contains($0) }.flatMap(bytes), as: UTF8.self)
  }

  /// The id of a control token such as `<|im_end|>`.
  package func controlToken(_ name: String) -> Int32? { controlTokens[Array(name.utf8)] }

  /// The name of a control token.
  package func controlName(_ id: Int32) -> String? {
    controlTokens.first { $0.value == id }.map { String(decoding: $0.key, as: UTF8.self) }
  }

  /// Tokens that are never text, ascending.
  package var special: [Int32] { specialIDs.sorted() }

  /// True for what is never text: not for tags such as `<think>`.
  package func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

  /// A stretch of a prompt.
  package struct Part: Equatable {
    package let text: String
    /// True for a control token's name.
    package let isToken: Bool
  }

  /// Names of control tokens in a prompt, the longest where several begin, and what is between.
  package func parted(_ prompt: String) -> [Part] {
    let names = controlTokens.keys.sorted { $0.count > $1.count }
    let bytes = Array(prompt.utf8)
    var parts: [Part] = []
    var start = 0
    var index = 0
    func close(at end: Int) {
      if end > start {
        parts.append(
          Part(text: String(decoding: bytes[start..<end], as: UTF8.self), isToken: false))
      }
    }
    while index < bytes.count {
      guard let name = names.first(where: { !$0.isEmpty && bytes[index...].starts(with: $0) })
      else {
        index += 1
        continue
      }
      close(at: index)
      parts.append(Part(text: String(decoding: name, as: UTF8.self), isToken: true))
      index += name.count
      start = index
    }
    close(at: bytes.count)

    return parts
  }

  package var vocabularySize: Int { tokenBytes.count }
}
