/// Consecutive layers, and what they do to tokens that pass through: a model is a chain of such
/// stages.
///
/// What a layer makes of a block of the grid depends on the layer below at the same block, and on its
/// own state after the block before. So stages may take several blocks layer after layer: every
/// order that keeps to this ends in the same bits.
struct Stage {
  let layers: ArraySlice<DecoderLayer>

  /// Rows that go through a layer in one call: of one reading a block of the grid or less, or of
  /// several forks one row each.
  struct Step {
    let inputs: [(rows: Rows, state: ReadingState)]
    /// True where a block of the grid ends here, and another step follows.
    var closesBlock = false

    var rowCount: Int { inputs.reduce(0) { $0 + $1.rows.count } }
  }

  /// x [rows, hidden] of steps that follow each other, in place.
  /// - Throws: `ModelError.notFinite`; the states have then read a part of the layers.
  func callAsFunction(
    _ x: UnsafeMutablePointer<Float>, _ steps: [Step], hidden: Int, _ workspace: Workspace,
    willRead: (_ layer: Int) -> Void = { _ in }
  ) throws {
    for (index, layer) in zip(layers.indices, layers) {
      willRead(index)
      workspace.profile?.enter(index)
      var first = 0
      for step in steps {
        layer.mix(x + first * hidden, segments(step, index), workspace)
        if step.closesBlock {
          for input in step.inputs { input.state.layers[index].closeBlock() }
        }
        first += step.rowCount
      }
      layer.feed(x, steps.map(\.rowCount), workspace)
      try Finite.require(x, first * hidden, "the output of layer \(index)")
    }
    workspace.profile?.enter(nil)
  }

  private func segments(_ step: Step, _ layer: Int) -> [Segment] {
    var first = 0
    return step.inputs.map { input in
      defer { first += input.rows.count }
      return Segment(rows: input.rows, firstRow: first, state: input.state.layers[layer])
    }
  }
}

/// Numbers that are numbers.
enum Finite {
  /// The greatest magnitude by its bits, which order like the numbers: infinity and NaN come last.
  /// - Throws: `ModelError.notFinite`
  static func require(
    _ values: UnsafePointer<Float>, _ count: Int, _ part: @autoclosure () -> String
  ) throws {
    var greatest: UInt32 = 0
    for index in 0..<count { greatest = max(greatest, values[index].bitPattern & 0x7FFF_FFFF) }
    guard greatest < 0x7F80_0000 else { throw ModelError.notFinite(part: part()) }
  }
}
