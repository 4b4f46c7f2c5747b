/// A reading state as bytes, exact to the bit, on the machine's byte order (little endian on every
/// supported CPU).
///
/// The *archive* holds what does not grow with the text; it is written whole each time. What grows,
/// the keys and values of `softmax` layers, goes into *pages*: each holds the tokens that joined
/// since the page before, so pages are only ever added. A state is its latest archive and all
/// pages.
package enum StateArchive {
  static let magic: UInt32 = 0x5352_5044  // "DPRS"
  /// Raised when a state's numbers are laid out otherwise, or mean something else.
  package static let version = 3
}

extension ReadingState {
  /// All but what grows with the text.
  package func archive() -> [UInt8] {
    var writer = StateWriter(capacity: byteCount + 4096)
    writer.write(Int(StateArchive.magic))
    writer.write(StateArchive.version)
    writer.write(position)
    writer.write(layers.count)
    for layer in layers { layer.save(to: &writer) }
    return writer.bytes
  }

  /// What the tokens from position `first` on added to what grows; empty where nothing does.
  package func page(from first: Int) -> [UInt8] {
    let growing = layers.filter(\.grows)
    guard !growing.isEmpty, first < position else { return [] }
    var writer = StateWriter(
      capacity: growing.reduce(0) { $0 + $1.byteCount } / max(position, 1) * (position - first)
        + 4096)
    writer.write(first)
    writer.write(position)
    for layer in growing { layer.savePage(from: first, to: &writer) }

    return writer.bytes
  }

  /// Becomes the state that was saved; this one has to be empty.
  /// - Parameter pages: from the first token on, without gaps.
  /// - Throws: `StateArchiveError`; the state is of no use then.
  package func restore(_ archive: [UInt8], pages: [[UInt8]]) throws {
    var reader = StateReader(archive)
    guard try reader.readInteger() == Int(StateArchive.magic) else {
      throw StateArchiveError.damaged("it is no reading state")
    }
    let version = try reader.readInteger()
    guard version == StateArchive.version else {
      throw StateArchiveError.damaged("it has version \(version)")
    }
    let saved = try reader.readInteger()
    guard saved >= 0 else { throw StateArchiveError.damaged("its position is negative") }
    try reader.expect(layers.count, "the number of layers")
    for layer in layers { try layer.restore(from: &reader) }
    guard reader.remaining == 0 else {
      throw StateArchiveError.damaged("something follows its end")
    }
    let growing = layers.filter(\.grows)
    var next = 0
    for page in pages {
      var reader = StateReader(page)
      let first = try reader.readInteger()
      let end = try reader.readInteger()
      guard first == next, end > first else {
        throw StateArchiveError.damaged("tokens from \(next) on are missing")
      }
      for layer in growing { try layer.restorePage(tokens: end - first, from: &reader) }
      next = end
    }

    guard growing.isEmpty || next == saved else {
      throw StateArchiveError.damaged("its pages end at \(next), not at \(saved)")
    }
    position = saved
  }
}
