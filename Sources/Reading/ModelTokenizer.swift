import Foundation
import Inference
import Tokenizer

/// The tokenizer that belongs to a model: a folder's tokenizer.json, or a GGUF file's metadata.
public enum ModelTokenizer {
  /// - Throws: `TokenizerError` or `ModelError`, which name what is missing or not supported.
  public static func open(_ path: String) throws -> Tokenizer {
    guard path.hasSuffix(".gguf") else { return try Tokenizer(folder: path) }
    return try Tokenizer(json: try GGUFTokenizer(GGUFFile(path: path)).json())
  }
}
