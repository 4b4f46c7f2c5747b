import Foundation

/// Writes a small random Llama as a GGUF file of fp32 tensors.
package struct RandomGGUF {
  package var layers = 2
  package var hidden = 32
  package var heads = 4
  package var keyHeads = 2
  package var intermediate = 48
  package let tokens = ["<|endoftext|>", "a", "b", "c", "d", "ab"]

  /// Of the rotary frequencies, as files of Llama 3 carry them.
  package var frequencyDivisors: [Float]?
  package var linearScale: Float?

  package init() {}

  private var tensors: [(name: String, shape: [Int])] {
    let width = hidden / heads * keyHeads
    let outer: [(String, [Int])] = [
      ("token_embd.weight", [tokens.count, hidden]), ("output_norm.weight", [hidden]),
    ]
    let divisors = frequencyDivisors.map { [("rope_freqs.weight", [$0.count])] } ?? []
    return outer + divisors
      + (0..<layers).flatMap { layer -> [(String, [Int])] in
        [
          ("attn_norm", [hidden]), ("attn_q", [hidden, hidden]), ("attn_k", [width, hidden]),
          ("attn_v", [width, hidden]),
          ("attn_output", [hidden, hidden]), ("ffn_norm", [hidden]),
          ("ffn_gate", [intermediate, hidden]),
          ("ffn_up", [intermediate, hidden]), ("ffn_down", [hidden, intermediate]),
        ].map { ("blk.\(layer).\($0.0).weight", $0.1) }
      }
  }

  package func write(to path: String) throws {
    var file = Fields()
    var data = Data()
    var random = SplitMix(13)
    let metadata = metadata
    file.bytes += Data("GGUF".utf8)
    file.add(UInt32(3))
    file.add(UInt64(tensors.count))
    file.add(UInt64(metadata.count))
    for (key, value) in metadata {
      file.add(key)
      value(&file)
    }

    for tensor in tensors {
      file.add(tensor.name)
      file.add(UInt32(tensor.shape.count))
      for size in tensor.shape.reversed() { file.add(UInt64(size)) }
      file.add(UInt32(0))
      file.add(UInt64(data.count))
      let values =
        tensor.name == "rope_freqs.weight"
        ? frequencyDivisors ?? [] : RandomModel.values(tensor.name, tensor.shape, &random)
      values.withUnsafeBytes { data += Data($0) }
    }

    file.bytes += Data(count: (32 - file.bytes.count % 32) % 32)
    try (file.bytes + data).write(to: URL(fileURLWithPath: path))
  }

  private var metadata: [(String, (inout Fields) -> Void)] {
    func integer(_ value: Int) -> (inout Fields) -> Void {
      {
        $0.add(UInt32(4)); $0.add(UInt32(value))
      }
    }
    func number(_ value: Float) -> (inout Fields) -> Void {
      {
        $0.add(UInt32(6)); $0.add(value.bitPattern)
      }
    }
    func string(_ value: String) -> (inout Fields) -> Void {
      {
        $0.add(UInt32(8)); $0.add(value)
      }
    }
    func strings(_ values: [String]) -> (inout Fields) -> Void {
      { file in
        file.add(UInt32(9)); file.add(UInt32(8)); file.add(UInt64(values.count))
        for value in values { file.add(value) }
      }
    }
    func integers(_ values: [Int]) -> (inout Fields) -> Void {
      { file in
        file.add(UInt32(9)); file.add(UInt32(4)); file.add(UInt64(values.count))
        for value in values { file.add(UInt32(value)) }
      }
    }
    let scaling = linearScale.map {
      [("llama.rope.scaling.type", string("linear")), ("llama.rope.scaling.factor", number($0))]
    }
    return (scaling ?? []) + [
      ("general.architecture", string("llama")), ("llama.block_count", integer(layers)),
      ("llama.embedding_length", integer(hidden)),
      ("llama.feed_forward_length", integer(intermediate)),
      ("llama.attention.head_count", integer(heads)),
      ("llama.attention.head_count_kv", integer(keyHeads)), ("llama.context_length", integer(2048)),
      ("llama.attention.layer_norm_rms_epsilon", number(1e-5)),
      ("llama.rope.freq_base", number(10_000)),
      ("tokenizer.ggml.model", string("gpt2")), ("tokenizer.ggml.pre", string("gpt-2")),
      ("tokenizer.ggml.tokens", strings(tokens)),
      ("tokenizer.ggml.token_type", integers([3] + Array(repeating: 1, count: tokens.count - 1))),
      ("tokenizer.ggml.merges", strings(["a b"])), ("tokenizer.ggml.bos_token_id", integer(0)),
      ("tokenizer.ggml.eos_token_id", integer(0)),
    ]
  }

  /// GGUF's little-endian fields.
  private struct Fields {
    var bytes = Data()

    mutating func add<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes += Data($0) }
    }

    mutating func add(_ text: String) {
      add(UInt64(text.utf8.count))
      bytes += Data(text.utf8)
    }
  }
}
