import CKernels
import Foundation

/// What a converted layer has beside its projections (training/README.md, "The converted
/// layer"): features of queries and keys without rotary embedding, and a decay for each state.
///
///     phi(x; A, c) = [softmax(x A + c), softmax(-(x A + c))]        (Hedgehog, arXiv 2402.04347)
///     fq = phi(q; A_h, c_h),  a = g_h . q + b_h
///     fk = phi(k; A_s, c_s) exp(clamp(g_s . k + b_s))
///
/// Several query heads share a state, and several states may share a key head.
struct LinearBranch {
  let queries: FeatureMaps  // one a query head
  let keys: FeatureMaps  // one a state
  /// -ln of each state's decay.
  let slopes: [Float]
  /// decay^i for i = 0 ..< BRANCH_STEP: [states, BRANCH_STEP].
  private let powers: FloatBuffer

  /// Tokens that join a state at once. The border between window and branch lies at a multiple of
  /// it less the window's size, as in the terraces of LoLCATs (arXiv 2410.10254).
  static let step = Int(BRANCH_STEP)

  /// Rows whose features one task computes: a multiple of the rows that registers hold.
  private static let tileRows = 48

  /// - Throws: `ModelError` when a tensor is missing or does not fit the heads.
  init(_ weights: ModelWeights, _ prefix: String, _ attention: Attention, gainRange: Float) throws {
    let name = prefix + "key_map"
    guard let shape = weights.shape(of: name) else {
      throw ModelError.missingTensor(name: name, path: weights.folder)
    }
    let states = shape.first ?? 0
    let size = shape.last ?? 0
    guard shape.count == 3, states > 0, size > 0, states % attention.keyHeads == 0,
      attention.heads % states == 0
    else {
      throw ModelError.wrongShape(
        name: name, expected: [attention.keyHeads, attention.headDim, max(size, 1)], found: shape)
    }
    let dim = attention.headDim
    queries = try FeatureMaps(
      weights, prefix + "query", heads: attention.heads, dim: dim, size: size, gainRange: 0)
    keys = try FeatureMaps(
      weights, prefix + "key", heads: states, dim: dim, size: size, gainRange: gainRange)
    slopes = try weights.slopes(prefix + "slope", shape: [states])
    powers = FloatBuffer(
      slopes.flatMap { slope in (0..<Self.step).map { Float(exp(-Double(slope) * Double($0))) } })
  }

  var states: Int { keys.heads }
  /// Query heads of a state.
  var share: Int { queries.heads / states }
  var headDim: Int { keys.dim }
  var features: Int { 2 * keys.size }
  /// Elements of a state: S [features, headDim] and z [features].
  var stateSize: Int { features * (headDim + 1) }

  func powers(of state: Int) -> UnsafePointer<Float> {
    UnsafePointer(powers.pointer + state * Self.step)
  }
  /// What a state's sums count after one step more.
  func decay(of state: Int) -> Float { exp(-slopes[state] * Float(Self.step)) }

  var parameters: Int { queries.parameters + keys.parameters + states }

  /// Of the states, and of the features of this many keys.
  func stateBytes(keys: Int) -> Int { 4 * states * (stateSize + features * keys) }

  /// Of a token whose queries see the state, beside products with parameters: q S and k v^T.
  var operations: Double { Double(2 * (queries.heads + states) * features * headDim) }

  /// Computes features of a call's keys, gain included, to where `keys` stand from its first
  /// row on, and those of its last queries.
  func compute(
    _ projected: Projections, rows: Int, keyHeads: Int, keys target: StridedRows,
    _ queries: BranchQueries?, _ workspace: Workspace
  ) {
    let tiles = (rows + Self.tileRows - 1) / Self.tileRows
    let items = tiles * (states + (queries == nil ? 0 : self.queries.heads))
    let one = { (thread: Int, item: Int) in
      let start = item % tiles * Self.tileRows
      let gains = workspace.scratch(thread).buffer("branch.gain", Self.tileRows)
      let tile = start..<min(rows, start + Self.tileRows)
      if item / tiles < states {
        keySide(item / tiles, projected.key, tile, keyHeads: keyHeads, into: target, gains)
      } else if let queries {
        querySide(item / tiles - states, projected.query, tile, into: queries, gains)
      }
    }
    // A single token takes less time than telling other threads about it.
    if rows == 1 {
      (0..<items).forEach { one(0, $0) }
    } else {
      workspace.parallel.forEach(items, one)
    }
  }

  private func keySide(
    _ state: Int, _ key: UnsafePointer<Float>, _ rows: Range<Int>, keyHeads: Int,
    into target: StridedRows,
    _ gains: UnsafeMutablePointer<Float>
  ) {
    let head = state / (states / keyHeads)
    keys.compute(
      state, key + (rows.lowerBound * keyHeads + head) * headDim, stride: keyHeads * headDim,
      rows: rows.count,
      into: target.start + state * target.headStride + rows.lowerBound * features, stride: features,
      gains)
  }

  private func querySide(
    _ head: Int, _ query: UnsafePointer<Float>, _ rows: Range<Int>, into target: BranchQueries,
    _ gains: UnsafeMutablePointer<Float>
  ) {
    let rows = rows.clamped(to: target.rows)
    let width = queries.heads * headDim
    let first =
      (head / share * target.rows.count + rows.lowerBound - target.rows.lowerBound) * share + head
      % share
    queries.compute(
      head, query + rows.lowerBound * width + head * headDim, stride: width, rows: rows.count,
      into: target.features + first * features,
      stride: share * features, gains)
    for row in 0..<rows.count { target.gains[first + row * share] = gains[row] }
  }
}

/// Rows of several heads.
struct StridedRows {
  let start: UnsafeMutablePointer<Float>
  let headStride: Int  // elements from one head to the next
}

/// Features [states, rows, share, features] and log gains [states, rows, share] of the queries
/// of a call that see the branch: its last.
struct BranchQueries {
  let rows: Range<Int>
  let features: UnsafeMutablePointer<Float>
  let gains: UnsafeMutablePointer<Float>

  init(_ branch: LinearBranch, rows: Range<Int>, _ workspace: Workspace) {
    self.rows = rows
    features = workspace.buffer("branch.query", rows.count * branch.queries.heads * branch.features)
    gains = workspace.buffer("branch.gains", rows.count * branch.queries.heads)
  }
}

/// A feature map for each of several heads: A [heads, dim, size], c [heads, size],
/// g [heads, dim], b [heads].
struct FeatureMaps {
  let heads: Int
  let dim: Int
  let size: Int
  /// 0: the gain is not a part of the features.
  private let gainRange: Float
  private let map, bias, gain, gainBias: FloatBuffer

  init(
    _ weights: ModelWeights, _ prefix: String, heads: Int, dim: Int, size: Int, gainRange: Float
  ) throws {
    self.heads = heads
    self.dim = dim
    self.size = size
    self.gainRange = gainRange
    map = FloatBuffer(try weights.values(prefix + "_map", shape: [heads, dim, size]))
    bias = FloatBuffer(try weights.values(prefix + "_map_bias", shape: [heads, size]))
    gain = FloatBuffer(try weights.values(prefix + "_gain", shape: [heads, dim]))
    gainBias = FloatBuffer(try weights.vector(prefix + "_gain_bias", count: heads))
  }

  var parameters: Int { heads * (dim * size + size + dim + 1) }

  func compute(
    _ head: Int, _ x: UnsafePointer<Float>, stride xStride: Int, rows: Int,
    into out: UnsafeMutablePointer<Float>, stride: Int,
    _ gains: UnsafeMutablePointer<Float>
  ) {
    var own = feature_map(
      map: map.pointer + head * dim * size, bias: bias.pointer + head * size,
      gain: gain.pointer + head * dim,
      gain_bias: gainBias.pointer[head], gain_range: gainRange, dim: Int64(dim), size: Int64(size))
    kernels().pointee.branch_features(
      out, Int64(stride), gains, x, Int64(xStride), &own, Int64(rows))
  }
}
