import CKernels

/// Attention whose keys and values come from a narrow latent (MLA; DeepSeek-V2, arXiv
/// 2405.04434, section 2.1), as Ling 2.5's softmax layers have it. Keys and values are kept
/// expanded: simple and exact; the latent form would take less memory.
struct LatentAttentionMixer: Mixer {
  let kind = MixerKind.softmax
  let countsPositions = true
  let heads: Int
  let widths: Widths
  let query: QueryProjection
  let latent: Linear  // [rank + rope, hidden]
  let latentNorm: RMSNorm  // [rank]
  let expand: Linear  // [heads * (nope + value), rank]
  let out: Linear  // [hidden, heads * value]
  let attention: Attention
  let rope: RotaryEmbedding

  struct Widths {
    let rank, nope, rope, value: Int
    var key: Int { nope + rope }
    /// Values are padded with zeros to the keys' width, which the memory of both has.
    var head: Int { max(key, value) }
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
      rank: try configuration.size("kv_lora_rank", default: 512),
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
    expand = try Linear(
      weights, prefix + "kv_b_proj", outputs: heads * (widths.nope + widths.value),
      inputs: widths.rank)
    out = try Linear(weights, prefix + "dense", outputs: hidden, inputs: heads * widths.value)
    let scaling = configuration.object("rope_scaling") ?? configuration.object("rope_parameters")
    rope = try RotaryEmbedding(
      rotary: widths.rope, theta: try RotaryScaling.theta(configuration), scaling: scaling,
      pairing: .neighbours)
    attention = Attention(
      heads: heads, keyHeads: heads, headDim: widths.head, scale: try Self.scale(widths, scaling))
  }

  /// 1 / sqrt(key width), and with YaRN's `mscale_all_dim` the square of its factor.
  private static func scale(_ widths: Widths, _ scaling: ModelConfiguration?) throws -> Float {
    let plain = 1 / Float(widths.key).squareRoot()
    guard let scaling, scaling.string("rope_type", "type") == "yarn" else { return plain }
    let multiplier = try scaling.number("mscale_all_dim", default: 0)
    guard multiplier != 0 else { return plain }
    let stretch = Float(
      RotaryScaling.yarnScale(try scaling.number("factor", default: 1), multiplier))
    return plain * stretch * stretch
  }

  func makeState() -> any MixerState {
    SoftmaxState(KeyValueShape(keyHeads: heads, headDim: widths.head))
  }

  func mix(
    _ x: UnsafePointer<Float>, _ segments: [Segment], into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let rows = segments.rowCount
    let width = heads * widths.head
    let projected = project(x, rows: rows, workspace)
    let mixed = workspace.buffer("latent.mixed", rows * width)
    for segment in segments {
      guard let state = segment.state as? SoftmaxState else {
        preconditionFailure("an attention layer got another layer's state")
      }
      let own = projected.from(row: segment.firstRow, width: width, keyWidth: width)
      state.attend(
        own, segment.rows, attention, rope, into: mixed + segment.firstRow * width, workspace)
    }

    let values = workspace.buffer("latent.values", rows * heads * widths.value)
    for index in 0..<rows * heads {
      (values + index * widths.value).update(from: mixed + index * widths.head, count: widths.value)
    }

    out(values, rows: rows, into: y, workspace)
  }

  /// Heads laid out as [rotated | not rotated | padding]: the order within a head does not
  /// matter as long as queries and keys agree.
  private func project(_ x: UnsafePointer<Float>, rows: Int, _ workspace: Workspace) -> Projections
  {
    let projected = Projections(
      query: workspace.buffer("attention.q", rows * heads * widths.head),
      key: workspace.buffer("attention.k", rows * heads * widths.head),
      value: workspace.buffer("attention.v", rows * heads * widths.head))
    let queries = queries(x, rows: rows, workspace)
    let compressed = workspace.buffer("latent.compressed", rows * latent.outputs)
    let normed = workspace.buffer("latent.normed", rows * widths.rank)
    let expanded = workspace.buffer("latent.expanded", rows * expand.outputs)
    latent(x, rows: rows, into: compressed, workspace)
    for row in 0..<rows {
      (normed + row * widths.rank).update(
        from: compressed + row * latent.outputs, count: widths.rank)
    }

    latentNorm(normed, rows: rows, into: normed, workspace.parallel)
    expand(normed, rows: rows, into: expanded, workspace)
    for index in 0..<rows * heads {
      let target = index * widths.head
      let row = index / heads
      let keyValue = expanded + index * (widths.nope + widths.value)
      place(
        projected.query + target, rotated: queries + index * widths.key + widths.nope,
        plain: queries + index * widths.key)
      place(
        projected.key + target, rotated: compressed + row * latent.outputs + widths.rank,
        plain: keyValue)
      (projected.value + target).update(from: keyValue + widths.nope, count: widths.value)
      (projected.value + target + widths.value).update(
        repeating: 0, count: widths.head - widths.value)
    }

    return projected
  }

  private func place(
    _ target: UnsafeMutablePointer<Float>, rotated: UnsafePointer<Float>,
    plain: UnsafePointer<Float>
  ) {
    target.update(from: rotated, count: widths.rope)
    (target + widths.rope).update(from: plain, count: widths.nope)
    (target + widths.key).update(repeating: 0, count: widths.head - widths.key)
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

  func stateBytes(at depth: Int) -> Int { 8 * heads * widths.head * depth }

  var parameters: ParameterCount {
    let queries =
      switch query {
      case .direct(let linear): linear.parameters
      case .latent(let down, _, let up): down.parameters + up.parameters
      }
    return ParameterCount(all: queries + latent.parameters + expand.parameters + out.parameters)
  }

  func operations(at depth: Int) -> Double {
    Double(2 * heads * (widths.key + widths.value) * (depth + 1))
  }
}
