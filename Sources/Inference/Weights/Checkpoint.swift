import Foundation

/// The tensors of a model folder, over one or several safetensors files.
final class Checkpoint {
  let folder: String
  private let tensors: [String: Tensor]

  /// - Throws: `ModelError` when the folder holds no readable safetensors.
  init(folder: String) throws {
    self.folder = folder
    var tensors: [String: Tensor] = [:]
    for name in try Self.shardNames(folder: folder) {
      let shard = try SafetensorsFile(path: folder + "/" + name)
      tensors.merge(shard.tensors) { first, _ in first }
    }
    self.tensors = tensors
  }

  func contains(_ name: String) -> Bool { tensors[name] != nil }

  /// The tensor of that name and shape.
  /// - Throws: `ModelError.missingTensor`, `.wrongShape` or `.unsupportedDataType`.
  func tensor(_ name: String, shape: [Int]) throws -> Tensor {
    guard let tensor = tensors[name] else { throw ModelError.missingTensor(name: name, path: folder) }
    guard tensor.shape != [-1], tensor.type != .uint8 else {
      throw ModelError.unsupportedDataType(name: name, type: tensor.type == .uint8 ? "U8" : "other")
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
    guard let tensor = tensors[name] else { throw ModelError.missingTensor(name: name, path: folder) }
    guard tensor.type == .uint8 else { throw ModelError.unsupportedDataType(name: name, type: tensor.type.rawValue) }
    return tensor
  }

  var names: [String] { Array(tensors.keys) }
  func type(of name: String) -> DataType? { tensors[name].flatMap { $0.shape == [-1] ? nil : $0.type } }
  func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  var parameterCount: Int { tensors.values.reduce(0) { $0 + max(0, $1.count) } }
  var byteCount: Int { tensors.values.reduce(0) { $0 + $1.bytes.count } }

  private static func shardNames(folder: String) throws -> [String] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    if names.contains("model.safetensors.index.json") {
      return try indexedShards(folder: folder)
    }
    let shards = names.filter { $0.hasSuffix(".safetensors") }
    guard !shards.isEmpty else { throw ModelError.notAModelFolder(path: folder, missing: "*.safetensors file") }
    return shards.contains("model.safetensors") ? ["model.safetensors"] : shards
  }

  private static func indexedShards(folder: String) throws -> [String] {
    let path = folder + "/model.safetensors.index.json"
    struct Index: Decodable { let weight_map: [String: String] }
    guard let data = FileManager.default.contents(atPath: path),
      let index = try? JSONDecoder().decode(Index.self, from: data)
    else { throw ModelError.unreadable(path: path, reason: "it has no weight_map") }
    let shards = Set(index.weight_map.values)
    // A shard stands beside its index; a name that leaves the folder is an attack.
    if let escaping = shards.first(where: { $0.contains("/") || $0.hasPrefix(".") }) {
      throw ModelError.unreadable(path: path, reason: "it names the shard \(escaping), which is outside of the folder")
    }
    return shards.sorted()
  }
}
