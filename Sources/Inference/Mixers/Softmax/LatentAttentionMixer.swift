import COpenBLAS

/// Attention whose keys and values come from a narrow latent (MLA; DeepSeek-V2, arXiv
/// 2405.04434, section 2.1), as Ling 2.5's softmax layers have it. The latent is what is kept, and
/// the matrices that would make keys and values of it are applied to the queries and to what they
/// see instead (section 2.1.2).
struct LatentAttentionMixer: Mixer {
  let kind = MixerKind.softmax
  let countsPositions = true
  let heads: Int
  let widths: Widths
  let query: QueryProjection
  let latent: Linear  // [rank + rope, hidden]
  let latentNorm: RMSNorm  // [rank]
  private let expansion: FloatBuffer  // [heads, nope + value, rank]
  let out: Linear  // [hidden, heads * value]
  let attention: Attention
  let rope: RotaryEmbedding

  struct Widths {
    let rank, nope, rope, value: Int
    var key: Int { nope + rope }
    /// What is kept of a token.
    var kept: Int { rope + rank }
  }

  enum QueryProjection {
    case direct(Linear)  // [heads * (nope + rope), hidden]
    case latent(down: Linear, norm: RMSNorm, up: Linear)
  }

  init(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, _ prefix: String, hidden: Int,
    heads: Int
  ) throws {
    let widths = Widths(
      rank: try configuration.size("kv_lora_rank", atMost: 1 << 14, default: 512),
      nope: try configuration.size("qk_nope_head_dim", atMost: 1024, default: 128),
      rope: try configuration.size("qk_rope_head_dim", atMost: 1024, default: 64),
      value: try configuration.size("v_head_dim", atMost: 1024, default: 128))
    // The authors' code leaves the latent norms at their class default, not at rms_norm_eps.
    let eps = 1e-6
    self.heads = heads
    self.widths = widths
    if let rank = try configuration.optionalSize("q_lora_rank"), rank > 0 {
      query = .latent(
        down: try Linear(weights, prefix + "q_a_proj", outputs: rank, inputs: hidden),
        norm: try RMSNorm(weights, prefix + "q_a_layernorm", count: rank, eps: eps),
        up: try Linear(weights, prefix + "q_b_proj", outputs: heads * widths.key, inputs: rank))
    } else {
      query = .direct(
        try Linear(weights, prefix + "q_proj", outputs: heads * widths.key, inputs: hidden))
    }

    latent = try Linear(
      weights, prefix + "kv_a_proj_with_mqa", outputs: widths.rank + widths.rope, inputs: hidden)
    latentNorm = try RMSNorm(weights, prefix + "kv_a_layernorm", count: widths.rank, eps: eps)
    let expand = try Linear(
      weights, prefix + "kv_b_proj", outputs: heads * (widths.nope + widths.value),
      inputs: widths.rank)
    expansion = FloatBuffer(uninitialized: expand.outputs * expand.inputs)
    for row in 0..<expand.outputs {
      expand.row(row, into: expansion.pointer + row * expand.inputs)
    }
    out = try Linear(weights, prefix + "dense", outputs: hidden, inputs: heads * widths.value)
    let scaling = configuration.object("rope_scaling") ?? configuration.object("rope_parameters")
    rope = try RotaryEmbedding(
      rotary: widths.rope, theta: try RotaryScaling.theta(configuration), scaling: scaling,
      pairing: .neighbours)
    attention = Attention(
      heads: heads, keyHeads: 1, headDim: widths.kept, scale: try Self.scale(widths, scaling))
  }

  /// 1 / sqrt(key width), and with YaRN's `mscale_all_dim` the square of its factor.
  private static func scale(_ widths: Widths, _ scaling: ModelConfiguration?) throws -> Float {
    let plain = 1 / Float(widths.key).squareRoot()
    guard let scaling, scaling.string("rope_type", "type") == "yarn" else { return plain }
    let multiplier = try scaling.number("mscale_all_dim", default: 0)
    guard multiplier != 0 else { return plain }
    let stretch = Float(
      RotaryScaling.yarnScale(
        try scaling.number("factor", in: ModelConfiguration.stretches, default: 1), multiplier))
    return plain * stretch * stretch
  }

  func makeState(_ precision: StoredPrecision) -> any MixerState {
    SoftmaxState(
      KeyValueShape(keyHeads: 1, headDim: widths.kept, valuesAreKeys: true), precision)
  }

  func mix(
    _ x: UnsafePointer<Float>, _ segments: [Segment], into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let rows = segments.rowCount
    let width = heads * widths.kept
    let projected = project(x, rows: rows, workspace)
    let mixed = workspace.buffer("latent.mixed", rows * width)
    for segment in segments {
      guard let state = segment.state as? SoftmaxState else {
        preconditionFailure("an attention layer got another layer's state")
      }
      let own = projected.from(row: segment.firstRow, width: width, keyWidth: widths.kept)
      state.attend(
        own, segment.rows, attention, rope, into: mixed + segment.firstRow * width, workspace)
    }

    let values = workspace.buffer("latent.values", rows * heads * widths.value)
    expand(mixed, rows: rows, into: values, workspace.parallel)
    out(values, rows: rows, into: y, workspace)
  }

  /// Of each token [rotated part of the key | latent] is kept, which is key and value of all
  /// heads: a head's queries are taken into the latent space, and what it sees out of it.
  private func project(_ x: UnsafePointer<Float>, rows: Int, _ workspace: Workspace) -> Projections
  {
    let query = workspace.buffer("attention.q", rows * heads * widths.kept)
    let key = workspace.buffer("attention.k", rows * widths.kept)
    let queries = queries(x, rows: rows, workspace)
    let compressed = workspace.buffer("latent.compressed", rows * latent.outputs)
    let normed = workspace.buffer("latent.normed", rows * widths.rank)
    latent(x, rows: rows, into: compressed, workspace)
    for row in 0..<rows {
      (normed + row * widths.rank).update(
        from: compressed + row * latent.outputs, count: widths.rank)
    }

    latentNorm(normed, rows: rows, into: normed, workspace.parallel)
    for row in 0..<rows {
      let target = key + row * widths.kept
      target.update(
        from: compressed + row * latent.outputs + widths.rank, count: widths.rope)
      (target + widths.rope).update(from: normed + row * widths.rank, count: widths.rank)
    }

    narrow(queries, rows: rows, into: query, workspace.parallel)
    return Projections(query: query, key: key, value: key)
  }

  /// query [rows, heads, kept] = [rotated part | other part times the head's key matrix].
  private func narrow(
    _ queries: UnsafePointer<Float>, rows: Int, into query: UnsafeMutablePointer<Float>,
    _ parallel: Parallel
  ) {
    parallel.forEach(heads) { _, head in
      let source = queries + head * widths.key
      let target = query + head * widths.kept
      for row in 0..<rows {
        (target + row * heads * widths.kept).update(
          from: source + row * heads * widths.key + widths.nope, count: widths.rope)
      }

      openblas_gemm(
        Int32(rows), Int32(widths.rank), Int32(widths.nope), 1, source, Int32(heads * widths.key),
        matrix(of: head), Int32(widths.rank), 0, 0, target + widths.rope,
        Int32(heads * widths.kept))
    }
  }

  /// values [rows, heads, value] = what was seen of the latents times the head's value matrix.
  private func expand(
    _ mixed: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>,
    _ parallel: Parallel
  ) {
    parallel.forEach(heads) { _, head in
      openblas_gemm(
        Int32(rows), Int32(widths.value), Int32(widths.rank), 1,
        mixed + head * widths.kept + widths.rope, Int32(heads * widths.kept),
        matrix(of: head) + widths.nope * widths.rank, Int32(widths.rank), 1, 0,
        values + head * widths.value, Int32(heads * widths.value))
    }
  }

  /// [nope + value, rank] of a head.
  private func matrix(of head: Int) -> UnsafePointer<Float> {
    UnsafePointer(expansion.pointer + head * (widths.nope + widths.value) * widths.rank)
  }

  private func queries(_ x: UnsafePointer<Float>, rows: Int, _ workspace: Workspace)
    -> UnsafeMutablePointer<Float>
  {
    let result = workspace.buffer("latent.query", rows * heads * widths.key)
    switch query {
    case .direct(let linear): linear(x, rows: rows, into: result, workspace)
    case .latent(let down, let norm, let up):
      let narrow = workspace.buffer("latent.narrow_query", rows * down.outputs)
      down(x, rows: rows, into: narrow, workspace)
      norm(narrow, rows: rows, into: narrow, workspace.parallel)
      up(narrow, rows: rows, into: result, workspace)
    }

    return result
  }

  func stateBytes(at depth: Int) -> Int { StoredPrecision.float16.bytes * widths.kept * depth }

  var parameters: ParameterCount {
    let queries =
      switch query {
      case .direct(let linear): linear.parameters
      case .latent(let down, _, let up): down.parameters + up.parameters
      }
    return ParameterCount(all: queries + latent.parameters + expansion.count + out.parameters)
  }

  func operations(at depth: Int) -> Double {
    Double(2 * heads * 2 * widths.kept * (depth + 1))
  }
}
