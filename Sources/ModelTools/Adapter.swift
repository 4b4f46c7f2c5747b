import Inference
import CKernels
import Digests
import Foundation

/// What training changed of a base model, as training/export.py writes it: a safetensors file
/// and a JSON description beside it (training/README.md, "The adapter file").
///
///     W' = W + lora_b lora_a            (low-rank factors, arXiv 2106.09685)
///
/// and norms and linear branches as they are.
package struct Adapter {
  package let path: String
  let description: AdapterDescription
  let tensors: [String: Tensor]

  /// Reads both files and checks that they belong together and to the base model.
  ///
  /// - Parameters:
  ///   - path: NAME.safetensors, which has NAME.json beside it.
  ///   - baseSHA256: of the file with the weights that the adapter is to change.
  /// - Throws: `ModelError.unusableAdapter`, which says what does not fit.
  package init(path: String, baseSHA256: String) throws {
    let json = (path as NSString).deletingPathExtension + ".json"
    description = try AdapterDescription(path: json, adapter: path)
    guard description.baseSHA256 == baseSHA256 else {
      throw ModelError.unusableAdapter(
        path: path,
        reason:
          "it was trained on weights with the SHA-256 \(description.baseSHA256), but these have "
          + "\(baseSHA256); "
          + "take the adapter of these weights, or train one on them")
    }
    let found: String
    do { found = try SHA256.hex(ofFiles: [path]) } catch {
      throw ModelError.unusableAdapter(
        path: path,
        reason: "it cannot be read; copy NAME.safetensors and NAME.json to the same folder")
    }

    guard found == description.adapterSHA256 else {
      throw ModelError.unusableAdapter(
        path: path,
        reason:
          "its SHA-256 is \(found), but \(json) says \(description.adapterSHA256); it is "
          + "damaged, or of another export: copy both files again"
      )
    }
    self.path = path
    tensors = try SafetensorsFile(path: path).tensors
  }

  /// Layers with a linear branch.
  var branchLayers: Set<Int> {
    Set(
      tensors.keys.filter { $0.contains(AdapterFit.branchMark) }.compactMap {
        Int($0.split(separator: ".").dropFirst(2).first ?? "")
      })
  }

  /// Tensors that a model has in addition to the base's.
  var branchTensors: [Tensor] {
    tensors.values.filter { $0.name.contains(AdapterFit.branchMark) }.sorted { $0.name < $1.name }
  }

  /// The base's tensor [rows, columns] or [count] with what was trained.
  func merged(_ values: [Float], name: String, shape: [Int]) -> [Float] {
    if shape.count == 1 { return tensors[name]?.rows(0, count: 1) ?? values }

    let stem = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
    guard let a = factor(stem + ".lora_a"), let b = factor(stem + ".lora_b") else { return values }
    let columns = shape[1]
    let rank = a.count / shape[1]
    var sum = values
    sum.withUnsafeMutableBufferPointer { sum in
      a.withUnsafeBufferPointer { a in
        guard let sum = sum.baseAddress, let a = a.baseAddress else { return }
        for row in 0..<shape[0] {
          for index in 0..<rank {
            kernels().pointee.axpby(
              sum + row * columns, a + index * columns, 1, b[row * rank + index], Int64(columns))
          }
        }
      }
    }

    return sum
  }

  /// All elements of a factor, which may stand as bytes with a scale for each row.
  private func factor(_ name: String) -> [Float]? {
    if let wide = tensors[name] { return wide.rows(0, count: wide.shape[0]) }
    guard let bytes = tensors[name + ".int8"],
      let scales = tensors[name + ".scale"]?.rows(0, count: 1)
    else { return nil }
    let integers = bytes.bytes.bindMemory(to: Int8.self)
    return integers.indices.map { Float(integers[$0]) * scales[$0 / bytes.width] }
  }
}

/// The JSON beside an adapter.
struct AdapterDescription {
  let baseSHA256: String
  let adapterSHA256: String
  let windowTokens: Int
  let sinkTokens: Int
  let stateHeads: Int
  let features: Int
  let softmaxLayers: Set<Int>
  let keyGainRange: Double

  init(path: String, adapter: String) throws {
    func unusable(_ reason: String) -> ModelError {
      .unusableAdapter(path: adapter, reason: reason)
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw unusable(
        "there is no \(path) that describes it; training/export.py writes both files, and both "
          + "are needed"
      )
    }
    guard let values = try? JSONDecoder().decode([String: JSONValue].self, from: data) else {
      throw unusable("\(path) is not a JSON object")
    }
    let fields = ModelConfiguration(values)
    do {
      guard try fields.size("format") == 1 else {
        throw unusable("its format is not 1; export it with this version's training/export.py")
      }
      guard let base = fields.string("base_sha256"), let own = fields.string("adapter_sha256")
      else {
        throw unusable("\(path) lacks base_sha256 or adapter_sha256")
      }
      baseSHA256 = base
      adapterSHA256 = own
      windowTokens = try fields.size("window_tokens", atMost: 1 << 20)
      sinkTokens = try fields.optionalSize("sink_tokens").map { min($0, 4096) } ?? 0
      stateHeads = try fields.size("state_heads", atMost: 4096)
      features = try fields.size("features", atMost: 1 << 16)
      softmaxLayers = Set(try fields.integers("softmax_layers") ?? [])
      keyGainRange = try fields.number("key_gain_range", in: 0...64, default: 8)
    } catch ModelError.malformedConfiguration(let key, let reason) {
      throw unusable("in \(path), \(key) \(reason)")
    }
  }
}
