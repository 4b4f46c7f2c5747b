import Foundation
import Inference
package import Tokenizer

/// The tokenizer that belongs to a model: a folder's tokenizer.json, or a GGUF file's metadata.
package enum ModelTokenizer {
  /// - Throws: `TokenizerError` or `ModelError`, which name what is missing or not supported.
  package static func open(_ path: String) throws -> TextTokenizer {
    guard path.hasSuffix(".gguf") else { return try TextTokenizer(folder: path) }
    return try TextTokenizer(json: try GGUFTokenizer(GGUFFile(path: path)).json())
  }
}
