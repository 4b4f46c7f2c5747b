/// Some keys and values, and which of them each query row sees.
struct KeyRun {
  let query: UnsafePointer<Float>  // [rows, heads, headDim], rotated for these keys
  let keys: StoredRows  // [keyHeads, count, headDim]
  let values: StoredRows  // [keyHeads, count, headDim]
  let count: Int
  /// The range of keys that a query row sees, within 0 ..< count.
  let visible: (_ row: Int) -> Range<Int>
}
