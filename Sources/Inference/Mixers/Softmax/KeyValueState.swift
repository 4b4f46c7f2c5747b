/// A memory of keys and values.
protocol KeyValueState: MixerState {
  func attend(
    _ projected: Projections, _ rows: Rows, _ attention: Attention, _ rope: RotaryEmbedding?,
    into out: UnsafeMutablePointer<Float>,
    _ workspace: Workspace)
}

struct KeyValueShape {
  let keyHeads: Int
  let headDim: Int
  /// True where a key is its own value, so only one of them is kept.
  var valuesAreKeys = false
}

/// A block's projections, not yet rotated.
struct Projections {
  let query: UnsafeMutablePointer<Float>  // [rows, heads, headDim]
  let key: UnsafeMutablePointer<Float>  // [rows, keyHeads, headDim]
  let value: UnsafeMutablePointer<Float>  // [rows, keyHeads, headDim]

  func from(row: Int, width: Int, keyWidth: Int) -> Projections {
    Projections(
      query: query + row * width, key: key + row * keyWidth, value: value + row * keyWidth)
  }
}
