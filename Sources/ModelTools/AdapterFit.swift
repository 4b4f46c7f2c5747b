import Inference
import Foundation

/// Checks that every tensor of an adapter has its place in a base model.
struct AdapterFit {
  static let branchMark = ".self_attn.lightning."

  let adapter: Adapter
  let shapes: [String: [Int]]  // of the base's tensors
  let heads: Int
  let keyHeads: Int
  let headDim: Int
  /// Layers that are not to be converted.
  let retrievalLayers: Set<Int>

  /// - Throws: `ModelError.unusableAdapter`, which names the tensor or the layers.
  func check() throws {
    let description = adapter.description
    guard description.softmaxLayers == retrievalLayers else {
      throw unusable(
        "it was trained with softmax attention kept in layers "
          + "\(description.softmaxLayers.sorted()), but this model keeps it in "
          + "\(retrievalLayers.sorted()); train with \"keep\" set to these")
    }
    for name in adapter.tensors.keys.sorted() { try checkTensor(name) }
    for layer in adapter.branchLayers.sorted() { try checkBranch(layer) }
  }

  private func unusable(_ reason: String) -> ModelError {
    .unusableAdapter(path: adapter.path, reason: reason)
  }

  private func checkTensor(_ name: String) throws {
    if name.contains(Self.branchMark) { return try checkBranchTensor(name) }

    for suffix in [".lora_a", ".lora_b"] {
      for ending in ["", ".int8", ".scale"] where name.hasSuffix(suffix + ending) {
        return try checkFactors(String(name.dropLast(suffix.count + ending.count)), found: name)
      }
    }

    guard let shape = shapes[name], shape.count == 1 else { throw unknown(name) }
    try require(name, shape)
  }

  private func unknown(_ name: String) -> ModelError {
    unusable(
      "its tensor \(name) has no counterpart in the base model; export it again from a model of "
        + "the same layers and names"
    )
  }

  /// lora_a [rank, inputs] and lora_b [outputs, rank].
  private func checkFactors(_ stem: String, found name: String) throws {
    guard let shape = shapes[stem + ".weight"], shape.count == 2 else { throw unknown(name) }

    let a = stem + ".lora_a"
    let b = stem + ".lora_b"
    guard let rank = (adapter.tensors[a] ?? adapter.tensors[a + ".int8"])?.shape.first else {
      throw missing(a)
    }
    try requireFactor(a, [rank, shape[1]])
    try requireFactor(b, [shape[0], rank])
  }

  private func requireFactor(_ name: String, _ shape: [Int]) throws {
    if adapter.tensors[name] != nil { return try require(name, shape) }
    guard let bytes = adapter.tensors[name + ".int8"], bytes.type == .int8 else {
      throw missing(name)
    }
    try require(name + ".scale", [shape[0]])
    guard bytes.shape == shape else { throw wrong(name + ".int8", shape, bytes.shape) }
  }

  /// A tensor of numbers of this shape.
  private func require(_ name: String, _ shape: [Int]) throws {
    guard let tensor = adapter.tensors[name] else { throw missing(name) }
    guard tensor.shape == shape else { throw wrong(name, shape, tensor.shape) }
    guard tensor.type.hasVectorProduct else {
      throw unusable("its tensor \(name) is neither F32, F16 nor BF16; export it again")
    }
  }

  private func missing(_ name: String) -> ModelError {
    unusable("it lacks the tensor \(name); export it again")
  }

  private func wrong(_ name: String, _ expected: [Int], _ found: [Int]) -> ModelError {
    unusable(
      "its tensor \(name) has shape \(found), but \(expected) fits the base model and the "
        + "description; export it again from this model"
    )
  }

  /// The branch's tensors by the ends of their names.
  private var branchShapes: [String: [Int]] {
    let states = adapter.description.stateHeads
    let size = adapter.description.features / 2
    return [
      "query_map": [heads, headDim, size], "query_map_bias": [heads, size],
      "query_gain": [heads, headDim], "query_gain_bias": [heads],
      "key_map": [states, headDim, size], "key_map_bias": [states, size],
      "key_gain": [states, headDim], "key_gain_bias": [states],
      "slope": [states],
    ]
  }

  private func checkBranchTensor(_ name: String) throws {
    let parts = name.components(separatedBy: Self.branchMark)
    guard parts.count == 2, let shape = branchShapes[parts[1]],
      shapes[parts[0] + ".self_attn.q_proj.weight"] != nil
    else {
      throw unknown(name)
    }
    try require(name, shape)
  }

  private func checkBranch(_ layer: Int) throws {
    guard !retrievalLayers.contains(layer) else {
      throw unusable(
        "it has a linear branch for layer \(layer), which keeps softmax attention; train with "
          + "\"keep\" holding that layer"
      )
    }

    let states = adapter.description.stateHeads
    guard states % keyHeads == 0, heads % states == 0 else {
      throw unusable(
        "its \(states) states fit neither \(keyHeads) key heads nor \(heads) query heads; "
          + "\"state_heads\" must be between, a multiple and a divisor"
      )
    }
    let slopes =
      adapter.tensors["model.layers.\(layer)\(Self.branchMark)slope"]?.rows(0, count: 1) ?? []
    guard slopes.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw unusable(
        "its slopes of layer \(layer) are not all finite and at least 0, so its state would "
          + "grow; export it again"
      )
    }
    for end in branchShapes.keys.sorted()
    where adapter.tensors["model.layers.\(layer)\(Self.branchMark)\(end)"] == nil {
      throw missing("model.layers.\(layer)\(Self.branchMark)\(end)")
    }
  }
}
