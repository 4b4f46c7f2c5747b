/// What can be wrong with a model folder or a request to it.
package enum ModelError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case unwritable(path: String, reason: String)
  case notAModelFolder(path: String, missing: String)
  case malformedSafetensors(path: String, reason: String)
  case malformedGGUF(path: String, reason: String)
  case unusableAdapter(path: String, reason: String)
  case malformedConfiguration(key: String, reason: String)
  case unknownArchitecture(String, supported: [String])
  case missingTensor(name: String, path: String)
  case wrongShape(name: String, expected: [Int], found: [Int])
  case unsupportedDataType(name: String, type: String)
  case tokenOutOfRange(id: Int32, vocabulary: Int)
  case noTokens
  case libraryUnavailable(String)
  /// A tensor, a layer's output or the logits hold NaN or infinity.
  case notFinite(part: String)
  case unusable(part: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
    case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
    case .notAModelFolder(let path, let missing):
      "\(path) is not a model folder: it has no \(missing) (expected a Hugging Face folder with "
        + "config.json and *.safetensors)"
    case .malformedSafetensors(let path, let reason):
      "\(path) is not a valid safetensors file: \(reason)"
    case .malformedGGUF(let path, let reason): "\(path) is not a usable GGUF file: \(reason)"
    case .unusableAdapter(let path, let reason): "the adapter \(path) cannot be used: \(reason)"
    case .malformedConfiguration(let key, let reason): "config.json: \(key) \(reason)"
    case .unknownArchitecture(let name, let supported):
      "unknown architecture \(name); supported are \(supported.joined(separator: ", "))"
    case .missingTensor(let name, let path): "the model in \(path) lacks the tensor \(name)"
    case .wrongShape(let name, let expected, let found):
      "tensor \(name) has shape \(found), but config.json asks for \(expected)"
    case .unsupportedDataType(let name, let type):
      "tensor \(name) has data type \(type); supported are F32, F16 and BF16"
    case .tokenOutOfRange(let id, let vocabulary):
      "token id \(id) is outside of the model's vocabulary of \(vocabulary)"
    case .noTokens: "no token ids were given"
    case .libraryUnavailable(let reason): reason
    case .notFinite(let part):
      "\(part) holds numbers that are not finite: the model's weights are damaged or do not fit "
        + "its config.json"
    case .unusable(let part, let reason): "\(part) cannot be used: \(reason)"
    }
  }
}
