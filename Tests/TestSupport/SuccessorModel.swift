import Foundation
@testable package import Inference
@testable import ModelTools
import Tokenizer

/// A Llama folder whose model goes on from each known token with one other, whatever came before:
/// its layers add nothing, and its head maps a token's embedding to the next token.
package struct SuccessorModel {
  private static let hidden = 256

  package let vocabulary: Int
  package let successors: [Int32: Int32]

  package init(vocabulary: Int, successors: [Int32: Int32]) {
    self.vocabulary = vocabulary
    self.successors = successors
  }

  /// A model whose folder has a tokenizer, and that says each chain's tokens one after the other.
  package static func write(saying chains: [[String]], to folder: String) throws {
    let tokenizer = try TextTokenizer(folder: folder)
    var successors: [Int32: Int32] = [:]
    for chain in chains {
      let ids = chain.compactMap { tokenizer.controlToken($0) ?? tokenizer.encode($0).first }
      precondition(ids.count == chain.count)
      for (one, next) in zip(ids, ids.dropFirst()) { successors[one] = next }
    }
    try SuccessorModel(vocabulary: tokenizer.vocabularySize + 8, successors: successors)
      .write(to: folder)
  }

  package func write(to folder: String) throws {
    var model = RandomModel(extra: ["tie_word_embeddings": .bool(false)])
    model.hidden = Self.hidden
    model.layers = 1
    model.vocabulary = vocabulary
    try JSONEncoder().encode(model.configuration)
      .write(to: URL(fileURLWithPath: folder + "/config.json"))
    var random = SplitMix(11)
    // Random vectors so wide are nearly orthogonal.
    let embedding = random.floats(vocabulary * Self.hidden, in: -1...1)
    let entries =
      model.tensors
      + [.init(name: "lm_head.weight", type: .float32, shape: [vocabulary, Self.hidden])]
    let writer = try SafetensorsWriter(path: folder + "/model.safetensors", entries: entries)
    for entry in entries {
      let count = entry.shape.reduce(1, *)
      switch entry.name {
      case "model.embed_tokens.weight": try writer.write(entry.name, embedding)
      case "lm_head.weight": try writer.write(entry.name, head(embedding))
      default:
        try writer.write(
          entry.name, [Float](repeating: entry.shape.count == 1 ? 1 : 0, count: count))
      }
    }
    try writer.close()
  }

  private func head(_ embedding: [Float]) -> [Float] {
    var head = [Float](repeating: 0, count: embedding.count)
    for (token, next) in successors {
      for index in 0..<Self.hidden {
        head[Int(next) * Self.hidden + index] += embedding[Int(token) * Self.hidden + index]
      }
    }
    return head
  }
}
