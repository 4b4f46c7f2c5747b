import Inference
import Reading
import Tokenizer

/// A model with its tokenizer: text in, text out.
struct TextGenerator {
  let tokenizer: TextTokenizer
  let model: LanguageModel

  init(folder: String, threads: Int = 0) throws {
    tokenizer = try ModelTokenizer.open(folder)
    model = try LanguageModel.load(folder: folder, threads: threads)
  }

  /// Continues a text; stops at a special token.
  func complete(
    _ prompt: String, maximumTokens: Int, sampling: SamplingOptions,
    onToken: (String) -> Void = { _ in }
  ) throws -> String {
    let state = model.makeState()
    var sampler = Sampler(sampling)
    var generated: [Int32] = []
    var logits = try model.logits(
      after: tokenizer.beginning + tokenizer.encode(prompt), state: state)
    while generated.count < maximumTokens {
      let token = sampler.next(logits)
      if tokenizer.isSpecial(token) { break }
      generated.append(token)
      onToken(tokenizer.decode([token]))
      if generated.count < maximumTokens { logits = try model.logits(after: [token], state: state) }
    }

    return tokenizer.decode(generated)
  }
}
