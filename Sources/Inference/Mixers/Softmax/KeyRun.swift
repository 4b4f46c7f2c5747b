/// Some keys and values, and which of them each query row sees.
struct KeyRun {
  let query: UnsafePointer<Float>  // [rows, heads, headDim], rotated for these keys
  let keys: UnsafePointer<Float>  // [count, headDim] of key head 0
  let values: UnsafePointer<Float>  // [count, headDim] of key head 0
  let headStride: Int  // elements from one key head to the next
  let count: Int
  /// The range of keys that a query row sees, within 0 ..< count.
  let visible: (_ row: Int) -> Range<Int>
}
