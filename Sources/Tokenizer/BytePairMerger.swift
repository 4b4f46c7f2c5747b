/// Byte pair encoding (arXiv 1508.07909) of one piece: the pair of lowest rank,
/// leftmost first, is merged until none is left.
struct BytePairMerger {
  struct Merge {
    let rank: Int32
    let id: Int32
  }

  /// Above this many symbols a heap of pairs beats scanning them all.
  private static let longPiece = 64

  /// Stands for a byte that the vocabulary lacks: such bytes are dropped, as
  /// Hugging Face's library drops them.
  static let noToken: Int32 = -1

  let byteIDs: [Int32]  // [256]
  let merges: [UInt64: Merge]  // by left id << 32 | right id

  static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Appends the piece's token ids to `output`.
  func append(
    _ piece: UnsafeBufferPointer<UInt8>, to output: inout [Int32], stop: () -> Bool = { false }
  ) {
    let start = output.count
    for byte in piece where byteIDs[Int(byte)] != Self.noToken { output.append(byteIDs[Int(byte)]) }
    merge(&output, from: start, stop: stop)
  }

  /// Merges the symbols that stand at the end of `output`.
  /// - Parameter stop: asked every so often within a long piece, whose rest then stays as it is.
  func merge(_ output: inout [Int32], from start: Int, stop: () -> Bool = { false }) {
    if output.count - start <= Self.longPiece {
      mergeShort(&output, from: start)
    } else {
      mergeLong(&output, from: start, stop)
    }
  }

  /// Steps of a long piece between two questions.
  private static let steps = 1 << 18

  private func mergeShort(_ output: inout [Int32], from start: Int) {
    let length = output.count - start
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * length) { scratch in
      // ranks[i] and merged[i] belong to the pair (i, i + 1)
      let ranks = UnsafeMutableBufferPointer(rebasing: scratch[..<length])
      let merged = UnsafeMutableBufferPointer(rebasing: scratch[length...])
      func look(_ index: Int) {
        guard start + index + 1 < output.count else { return ranks[index] = .max }
        let merge = merges[Self.key(output[start + index], output[start + index + 1])]
        ranks[index] = merge?.rank ?? .max
        merged[index] = merge?.id ?? 0
      }
      for index in 0..<length { look(index) }
      while let best = Self.lowest(ranks, count: output.count - start - 1) {
        output[start + best] = merged[best]
        output.remove(at: start + best + 1)
        for index in best + 1..<output.count - start {
          ranks[index] = ranks[index + 1]
          merged[index] = merged[index + 1]
        }
        look(best)
        if best > 0 { look(best - 1) }
      }
    }
  }

  private static func lowest(_ ranks: UnsafeMutableBufferPointer<Int32>, count: Int) -> Int? {
    var best = -1
    var rank = Int32.max
    for index in 0..<max(count, 0) where ranks[index] < rank {
      rank = ranks[index]
      best = index
    }

    return best < 0 ? nil : best
  }

  private func mergeLong(_ output: inout [Int32], from start: Int, _ stop: () -> Bool) {
    var chain = SymbolChain(Array(output[start...]))
    output.removeLast(output.count - start)
    var heap = PairHeap()
    func offer(_ left: Int) {
      guard left >= 0, chain.next[left] >= 0 else { return }

      let right = chain.next[left]
      guard let merge = merges[Self.key(chain.ids[left], chain.ids[right])] else { return }
      heap.push(
        PairHeap.Pair(
          rank: merge.rank, left: Int32(left), leftID: chain.ids[left], rightID: chain.ids[right],
          merged: merge.id))
    }
    for index in chain.ids.indices {
      if index % Self.steps == 0, stop() { return }
      offer(index)
    }
    var step = 0
    while let pair = heap.pop() {
      step += 1
      if step % Self.steps == 0, stop() { break }
      let left = Int(pair.left)
      // A pair whose symbols changed since it was offered is stale.
      guard chain.ids[left] == pair.leftID, chain.next[left] >= 0,
        chain.ids[chain.next[left]] == pair.rightID
      else { continue }
      chain.merge(left, into: pair.merged)
      offer(left)
      offer(chain.previous[left])
    }

    chain.forEach { output.append($0) }
  }
}

/// Symbols of a piece as a doubly linked list; -1 ends it, id -1 is merged away.
private struct SymbolChain {
  var ids: [Int32]
  var next: [Int]
  var previous: [Int]

  init(_ ids: [Int32]) {
    self.ids = ids
    next = ids.indices.map { $0 + 1 < ids.count ? $0 + 1 : -1 }
    previous = ids.indices.map { $0 - 1 }
  }

  /// Replaces the symbol at `left` and its neighbour by one.
  mutating func merge(_ left: Int, into id: Int32) {
    let right = next[left]
    ids[left] = id
    ids[right] = -1
    next[left] = next[right]
    if next[right] >= 0 { previous[next[right]] = left }
    next[right] = -1
  }

  func forEach(_ body: (Int32) -> Void) {
    var index = ids.isEmpty ? -1 : 0
    while index >= 0 {
      body(ids[index])
      index = next[index]
    }
  }
}

/// A binary heap of pairs, lowest rank first, then leftmost.
private struct PairHeap {
  struct Pair {
    let rank, left, leftID, rightID, merged: Int32

    func precedes(_ other: Pair) -> Bool {
      rank != other.rank ? rank < other.rank : left < other.left
    }
  }

  private var pairs: [Pair] = []

  mutating func push(_ pair: Pair) {
    pairs.append(pair)
    var child = pairs.count - 1
    while child > 0, pairs[child].precedes(pairs[(child - 1) / 2]) {
      pairs.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Pair? {
    guard let top = pairs.first, let last = pairs.popLast() else { return nil }
    guard !pairs.isEmpty else { return top }

    pairs[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < pairs.count else { return top }
      if child + 1 < pairs.count, pairs[child + 1].precedes(pairs[child]) { child += 1 }
      guard pairs[child].precedes(pairs[parent]) else { return top }
      pairs.swapAt(child, parent)
      parent = child
    }
  }
}
