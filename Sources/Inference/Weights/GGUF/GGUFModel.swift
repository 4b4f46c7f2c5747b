import Foundation

/// A GGUF file as a model: its metadata as a config.json would say it, and its tensors, as
/// they lie in the file, under the names that a folder would have.
struct GGUFModel {
  let configuration: ModelConfiguration
  let weights: ModelWeights

  /// - Throws: `ModelError.malformedGGUF`, or `.unknownArchitecture` for other architectures
  ///   than llama, qwen3, minimax-01 and minimax-m2.
  init(path: String) throws {
    let file = try GGUFFile(path: path)
    let name = try file.string("general.architecture")
    guard let architecture = GGUFArchitecture.known[name] else {
      throw ModelError.unknownArchitecture(
        "\(name) (GGUF)", supported: GGUFArchitecture.known.keys.sorted().map { $0 + " (GGUF)" })
    }
    var tensors: [String: Tensor] = [:]
    for source in file.tensorNames {
      let targets = architecture.names(for: source, in: file)
      guard !targets.isEmpty || GGUFArchitecture.readElsewhere.contains(source) else {
        throw file.malformed("its tensor \(source) is none that \(name) models here are made of")
      }
      for (target, expert) in targets {
        guard let tensor = file.tensor(source, as: target) else { continue }
        let part = try expert.map { try tensor.slice($0, name: target) } ?? tensor
        // A file drops the dimension of a single expert from the router too.
        tensors[target] =
          target.hasSuffix("moe.gate.weight") && part.shape.count == 1 ? part.asRow() : part
      }
    }

    weights = ModelWeights(path: path, tensors: tensors)
    configuration = try architecture.configuration(
      file, prefix: name, isTied: !file.tensorNames.contains("output.weight"))
  }
}

/// How one of llama.cpp's architectures is written in Hugging Face's words.
struct GGUFArchitecture: Sendable {
  let architecture: String
  /// Parts of a tensor's name within its block.
  let parts: [String: String]
  /// The name of a block's expert `%` within the merged tensor of all.
  let experts: [String: String]
  let extra: @Sendable (GGUFFile, String) throws -> [String: JSONValue]

  private static let shared = [
    "attn_norm.weight": "input_layernorm.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight", "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "attn_q_norm.weight": "self_attn.q_norm.weight",
    "attn_k_norm.weight": "self_attn.k_norm.weight",
  ]
  private static let dense = [
    "ffn_gate.weight": "mlp.gate_proj.weight", "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
  ]
  private static let sparse = [
    "ffn_gate_inp.weight": "block_sparse_moe.gate.weight",
    "exp_probs_b.bias": "block_sparse_moe.e_score_correction_bias",
  ]
  private static let expertParts = [
    "ffn_gate_exps.weight": "block_sparse_moe.experts.%.w1.weight",
    "ffn_up_exps.weight": "block_sparse_moe.experts.%.w3.weight",
    "ffn_down_exps.weight": "block_sparse_moe.experts.%.w2.weight",
  ]
  private static let lightning = [
    "attn_qkv.weight": "self_attn.qkv_proj.weight",
    "attn_gate.weight": "self_attn.output_gate.weight",
    "attn_norm_2.weight": "self_attn.norm.weight",
  ]

  static let known: [String: GGUFArchitecture] = [
    "llama": GGUFArchitecture(
      architecture: "LlamaForCausalLM", parts: shared.merging(dense) { $1 }, experts: [:],
      // llama.cpp's converter puts the two elements of a rotated pair beside each other.
      extra: { _, _ in ["rope_interleaved": .bool(true)] }),
    "qwen3": GGUFArchitecture(
      architecture: "Qwen3ForCausalLM", parts: shared.merging(dense) { $1 }, experts: [:],
      extra: { _, _ in [:] }),
    "minimax-m2": GGUFArchitecture(
      architecture: "MiniMaxM2ForCausalLM", parts: shared.merging(sparse) { $1 },
      experts: expertParts, extra: { _, _ in [:] }),
    "minimax-01": GGUFArchitecture(
      architecture: "MiniMaxText01ForCausalLM",
      parts: shared.merging(sparse) { $1 }.merging(lightning) { $1 }, experts: expertParts,
      extra: minimax),
  ]

  /// llama.cpp has one scale for all residuals, one eps for all norms and geometric slopes.
  private static let minimax: @Sendable (GGUFFile, String) throws -> [String: JSONValue] = {
    file, prefix in
    let interval = (try? file.integer(prefix + ".full_attention_interval")) ?? 8
    guard interval > 0 else { throw file.malformed("its full_attention_interval is \(interval)") }
    let layers = try file.size(prefix + ".block_count", atMost: 4096)
    let scale = JSONValue.number(try file.number(prefix + ".residual_scale"))
    return [
      "attn_type_list": .array((1...layers).map { .integer($0 % interval == 0 ? 1 : 0) }),
      "postnorm": .bool(true),
      "layernorm_full_attention_alpha": scale, "layernorm_linear_attention_alpha": scale,
      "layernorm_mlp_alpha": scale,
      "lightning_norm_eps": .number(try file.number(prefix + ".attention.layer_norm_rms_epsilon")),
      "lightning_slopes": .string("geometric"),
    ]
  }

  /// Of a layer; a tensor of more is refused for its shape.
  private static let mostExperts = 1 << 16

  /// The folder's names for a tensor; each with the expert whose part it is.
  func names(for source: String, in file: GGUFFile) -> [(String, Int?)] {
    switch source {
    case "token_embd.weight": return [("model.embed_tokens.weight", nil)]
    case "output_norm.weight": return [("model.norm.weight", nil)]
    case "output.weight": return [("lm_head.weight", nil)]
    default: break
    }
    let words = source.split(separator: ".", maxSplits: 2)
    guard words.count == 3, words[0] == "blk", let layer = Int(words[1]) else { return [] }
    let part = String(words[2])
    let prefix = "model.layers.\(layer)."
    if let name = experts[part], let shape = file.shape(source) {
      // A file drops the dimension of a single expert.
      let count = shape.count == 3 ? min(shape[0], Self.mostExperts) : 1
      return (0..<count).map { (prefix + name.replacingOccurrences(of: "%", with: "\($0)"), $0) }
    }

    guard let name = parts[part] else { return [] }
    // A lightning layer is known by its fused projection, and its output has another name.
    let isLightning =
      parts["attn_qkv.weight"] != nil && file.shape("blk.\(layer).attn_qkv.weight") != nil

    return [
      (
        prefix + (isLightning && part == "attn_output.weight" ? "self_attn.out_proj.weight" : name),
        nil
      )
    ]
  }

  func configuration(_ file: GGUFFile, prefix: String, isTied: Bool) throws -> ModelConfiguration {
    let hidden = try file.size(prefix + ".embedding_length")
    let heads = try file.size(prefix + ".attention.head_count")
    var values: [String: JSONValue] = [
      "architectures": .array([.string(architecture)]), "hidden_size": .integer(hidden),
      "num_attention_heads": .integer(heads),
      "num_hidden_layers": .integer(try file.size(prefix + ".block_count", atMost: 4096)),
      "num_key_value_heads": .integer(
        (try? file.integer(prefix + ".attention.head_count_kv")) ?? heads),
      "head_dim": .integer((try? file.integer(prefix + ".attention.key_length")) ?? hidden / heads),
      "rms_norm_eps": .number(try file.number(prefix + ".attention.layer_norm_rms_epsilon")),
      "rope_theta": .number((try? file.number(prefix + ".rope.freq_base")) ?? 10_000),
      "tie_word_embeddings": .bool(isTied),
      "vocab_size": .integer(file.shape("token_embd.weight")?.first ?? 0),
    ]
    for (key, name) in [
      ("intermediate_size", ".feed_forward_length"),
      ("intermediate_size", ".expert_feed_forward_length"),
      ("max_position_embeddings", ".context_length"),
      ("rotary_dim", ".rope.dimension_count"), ("num_local_experts", ".expert_count"),
      ("num_experts_per_tok", ".expert_used_count"),
    ] {
      if let value = try? file.integer(prefix + name) { values[key] = .integer(value) }
    }

    if let factors = file.tensor("rope_freqs.weight", as: "rope_freqs.weight") {
      guard factors.shape.count == 1 else {
        throw file.malformed("its tensor rope_freqs.weight has the shape \(factors.shape)")
      }
      let numbers = factors.rows(0, count: 1).map { JSONValue.number(Double($0)) }
      values["rope_freq_divisors"] = .array(numbers)
    }
    if let scaling = try ropeScaling(file, prefix) { values["rope_scaling"] = .object(scaling) }

    return ModelConfiguration(values.merging(try extra(file, prefix)) { $1 })
  }

  /// Tensors that are read by their own name.
  static let readElsewhere: Set<String> = ["rope_freqs.weight"]

  /// What llama.cpp writes of stretched contexts, in Hugging Face's words.
  private func ropeScaling(_ file: GGUFFile, _ prefix: String) throws -> [String: JSONValue]? {
    let keys = prefix + ".rope.scaling."
    guard let kind = try? file.string(keys + "type"), kind != "none" else { return nil }
    guard kind == "yarn" || kind == "linear" else {
      throw file.malformed("its rope scaling is of type \(kind); linear and yarn are supported")
    }
    var values: [String: JSONValue] = [
      "rope_type": .string(kind), "factor": .number(try file.number(keys + "factor")),
    ]
    if let length = try? file.integer(keys + "original_context_length") {
      values["original_max_position_embeddings"] = .integer(length)
    }
    // llama.cpp multiplies its factor with the one that YaRN has of itself.
    let given = try? file.number(keys + "attn_factor")
    if let given = given ?? (try? file.number(keys + "yarn_attn_factor")), kind == "yarn" {
      let own = RotaryScaling.yarnScale(try file.number(keys + "factor"), 1)
      values["attention_factor"] = .number(given * own)
    }
    if let mix = try? file.number(keys + "yarn_ext_factor"), mix != 1, mix != -1 {
      throw file.malformed("its yarn_ext_factor is \(mix), which is not supported")
    }
    for (key, name) in [("beta_fast", "yarn_beta_fast"), ("beta_slow", "yarn_beta_slow")] {
      if let value = try? file.number(keys + name) { values[key] = .number(value) }
    }
    if (try? file.number(keys + "yarn_log_multiplier")) ?? 0 != 0 {
      throw file.malformed("its yarn_log_multiplier is not supported")
    }
    return values
  }
}

extension Tensor {
  /// [width] as [1, width].
  func asRow() -> Tensor {
    Tensor(name: name, type: type, shape: [1] + shape, bytes: bytes, owner: owner)
  }

  /// One of the matrices [rows, columns] of a tensor [count, rows, columns].
  /// - Throws: `ModelError.wrongShape` for other shapes.
  func slice(_ index: Int, name: String) throws -> Tensor {
    if shape.count == 2, index == 0 { return self }
    guard shape.count == 3, index < shape[0] else {
      throw ModelError.wrongShape(name: name, expected: [index + 1, 1, 1], found: shape)
    }

    let size = bytes.count / shape[0]
    let part = UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
    return Tensor(
      name: name, type: type, shape: Array(shape.dropFirst()), bytes: part, owner: owner)
  }
}
