import CKernels

/// Everything a model remembers of the tokens it has read.
package final class ReadingState {
  /// Tokens read so far.
  package internal(set) var position: Int
  let layers: [any MixerState]

  init(layers: [any MixerState], position: Int = 0) {
    self.layers = layers
    self.position = position
  }

  /// An independent copy: a question asked on a fork leaves the reading as it was.
  package func fork() -> ReadingState {
    ReadingState(layers: layers.map { $0.copy() }, position: position)
  }

  /// A copy to read up to `tokens` tokens on and to drop before this state reads on: it shares with
  /// it what does not change, which is nearly everything.
  package func scratch(tokens: Int) -> ReadingState {
    ReadingState(layers: layers.map { $0.scratch(rows: tokens) }, position: position)
  }

  /// True when a layer chooses what it keeps by salience.
  package var chooses: Bool { layers.contains { $0.heldPositions != nil } }

  /// Raises the salience of tokens by the attention they got, in layers that
  /// choose what they keep.
  package func reinforce(_ trace: AttentionTrace) {
    for layer in layers { layer.reinforce(trace) }
  }

  /// Document positions that the layers with a choice still hold.
  package var keptPositions: Set<Int> {
    Set(layers.compactMap(\.heldPositions).joined().map(Int.init))
  }

  package var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

  /// Each layer's numbers, for comparing two states.
  package var numbers: [[Float]] { layers.map(\.numbers) }
}

extension ReadingState {
  /// Gives the memory of states that are gone back to the system: copies are large, and the
  /// allocator keeps what was freed.
  package static func returnFreedMemory() { return_freed_memory() }
}
