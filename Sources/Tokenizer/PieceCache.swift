/// The token ids of pieces seen before. Texts repeat their words: a hit saves the merging.
struct PieceCache {
  private static let maximumEntries = 1 << 17
  private static let maximumPiece = 48

  private struct Entry {
    var hash: UInt64 = 0
    var bytesStart: Int32 = 0
    var bytesCount: Int32 = -1  // -1: free
    var idsStart: Int32 = 0
    var idsCount: Int32 = 0
  }

  private var table = [Entry](repeating: Entry(), count: 1 << 18)
  private var bytes: [UInt8] = []
  private var ids: [Int32] = []
  private var count = 0

  /// Appends the piece's ids to `output`; false if the piece is not known.
  func append(_ piece: UnsafeBufferPointer<UInt8>, hash: UInt64, to output: inout [Int32]) -> Bool {
    var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
    while table[slot].bytesCount >= 0 {
      let entry = table[slot]
      if entry.hash == hash, matches(entry, piece) {
        for index in Int(entry.idsStart)..<Int(entry.idsStart + entry.idsCount) {
          output.append(ids[index])
        }
        return true
      }
      slot = (slot + 1) & (table.count - 1)
    }

    return false
  }

  mutating func insert(
    _ piece: UnsafeBufferPointer<UInt8>, hash: UInt64, ids newIDs: ArraySlice<Int32>
  ) {
    guard piece.count <= Self.maximumPiece, count < Self.maximumEntries else { return }

    var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
    while table[slot].bytesCount >= 0 { slot = (slot + 1) & (table.count - 1) }
    table[slot] = Entry(
      hash: hash, bytesStart: Int32(bytes.count), bytesCount: Int32(piece.count),
      idsStart: Int32(ids.count),
      idsCount: Int32(newIDs.count))
    bytes.append(contentsOf: piece)
    ids.append(contentsOf: newIDs)
    count += 1
  }

  private func matches(_ entry: Entry, _ piece: UnsafeBufferPointer<UInt8>) -> Bool {
    guard Int(entry.bytesCount) == piece.count else { return false }
    for index in 0..<piece.count where bytes[Int(entry.bytesStart) + index] != piece[index] {
      return false
    }
    return true
  }

  /// FNV-1a with a final mix: pieces are short.
  static func hash(_ piece: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in piece { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 29)
  }
}
