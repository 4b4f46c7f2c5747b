import Foundation

/// The tensors of a model: of a folder with one or several safetensors files, or of a GGUF
/// file under the names that a folder would give them.
package final class ModelWeights {
  let folder: String
  private let tensors: [String: Tensor]
  /// Names that a builder asked for. A model is built by one thread.
  private var used: Set<String> = []

  init(path: String, tensors: [String: Tensor]) {
    folder = path
    self.tensors = tensors
  }

  /// - Throws: `ModelError` when the folder holds no readable safetensors.
  package init(folder: String) throws {
    self.folder = folder
    self.tensors = try Self.withBlockScales(try Self.shards(folder: folder))
  }

  /// The tensors of all shards. Of one that stands in two, the index says whose it is.
  private static func shards(folder: String) throws -> [String: Tensor] {
    let (names, index) = try shardNames(folder: folder)
    var tensors: [String: Tensor] = [:]
    for shard in names {
      for (name, tensor) in try SafetensorsFile(path: folder + "/" + shard).tensors {
        if let owner = index[name], owner != shard { continue }
        guard tensors.updateValue(tensor, forKey: name) == nil else {
          throw ModelError.unreadable(
            path: folder, reason: "its tensor \(name) stands in two files, and no index says which")
        }
      }
    }

    return tensors
  }

  /// Eight-bit floats with the factors that stand beside them as `NAME_scale_inv`.
  private static func withBlockScales(_ tensors: [String: Tensor]) throws -> [String: Tensor] {
    var tensors = tensors
    for (name, tensor) in tensors where tensor.type == .float8 && tensor.shape != [-1] {
      guard let scales = tensors[name + "_scale_inv"], scales.type == .float32,
        scales.shape == tensor.shape.map({ ($0 + 127) / 128 })
      else {
        throw ModelError.unsupportedDataType(
          name: name, type: "F8_E4M3 without F32 weight_scale_inv of 128 x 128 blocks")
      }
      tensors[name]?.blockScales = scales.rows(0, count: scales.shape.dropLast().reduce(1, *))
    }

    return tensors
  }

  func contains(_ name: String) -> Bool { tensors[name] != nil }

  /// The tensor of that name and shape.
  /// - Throws: `ModelError.missingTensor`, `.wrongShape` or `.unsupportedDataType`.
  package func tensor(_ name: String, shape: [Int]) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw ModelError.missingTensor(name: name, path: folder)
    }
    used.insert(name)
    guard tensor.shape != [-1], tensor.type != .uint8, tensor.type != .int8 else {
      throw ModelError.unsupportedDataType(
        name: name, type: tensor.shape == [-1] ? "other" : tensor.type.rawValue)
    }
    guard tensor.shape == shape else {
      throw ModelError.wrongShape(name: name, expected: shape, found: tensor.shape)
    }

    return tensor
  }

  /// True where `name`.weight was packed by `docproc model quantize`.
  func isQuantized(_ name: String) -> Bool {
    tensors[name + ".weight"]?.type == .uint8
  }

  /// A tensor of packed bytes, of any shape.
  /// - Throws: `ModelError.missingTensor` or `.unsupportedDataType`.
  func packedTensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw ModelError.missingTensor(name: name, path: folder)
    }
    used.insert(name)
    guard tensor.type == .uint8 else {
      throw ModelError.unsupportedDataType(name: name, type: tensor.type.rawValue)
    }
    return tensor
  }

  /// The bytes of tensors that a layer has, in the order of the files: those whose names have its
  /// number between points.
  func bytes(ofLayer layer: Int) -> [UnsafeRawBufferPointer] {
    let own = tensors.filter { name, _ in
      name.split(separator: ".").first { Int($0) != nil }.flatMap { Int($0) } == layer
    }
    return own.values.map(\.bytes).sorted {
      UInt(bitPattern: $0.baseAddress) < UInt(bitPattern: $1.baseAddress)
    }
  }

  /// Names that no builder asked for.
  var unused: [String] { tensors.keys.filter { !used.contains($0) } }

  package var names: [String] { Array(tensors.keys) }
  /// nil for types that no weights have.
  package func type(of name: String) -> DataType? {
    tensors[name].flatMap { $0.shape == [-1] || $0.type == .int8 ? nil : $0.type }
  }
  package func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  var parameterCount: Int { tensors.values.reduce(0) { $0 + max(0, $1.count) } }
  package var byteCount: Int { tensors.values.reduce(0) { $0 + $1.bytes.count } }

  /// The files to read, and by tensors' names the file that the index says.
  private static func shardNames(folder: String) throws -> (
    names: [String], index: [String: String]
  ) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    if names.contains("model.safetensors.index.json") {
      let index = try index(folder: folder)
      return (Set(index.values).sorted(), index)
    }

    let shards = names.filter { $0.hasSuffix(".safetensors") }
    guard !shards.isEmpty else {
      throw ModelError.notAModelFolder(path: folder, missing: "*.safetensors file")
    }

    return (shards.contains("model.safetensors") ? ["model.safetensors"] : shards, [:])
  }

  private static func index(folder: String) throws -> [String: String] {
    let path = folder + "/model.safetensors.index.json"
    struct Index: Decodable { let weight_map: [String: String] }
    guard let data = FileManager.default.contents(atPath: path),
      let index = try? JSONDecoder().decode(Index.self, from: data)
    else { throw ModelError.unreadable(path: path, reason: "it has no weight_map") }
    // A shard stands beside its index; a name that leaves the folder is an attack.
    let escaping = index.weight_map.values.first { $0.contains("/") || $0.hasPrefix(".") }
    if let escaping {
      throw ModelError.unreadable(
        path: path, reason: "it names the shard \(escaping), which is outside of the folder")
    }

    return index.weight_map
  }
}
