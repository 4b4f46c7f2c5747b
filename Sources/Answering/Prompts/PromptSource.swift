import Constraints
import Foundation
import Inference
import Reading
import Tokenizer

/// Makes a model's prompt from what its authors published.
package struct PromptSource {
  private let folder: String
  private let architecture: String
  private let tokenizer: TextTokenizer

  /// - Parameter folder: a model's folder, or a GGUF file.
  /// - Throws: `TokenizerError`, `ModelError`
  package init(folder: String, architecture: String) throws {
    self.folder = folder
    self.architecture = architecture
    tokenizer = try ModelTokenizer.open(folder)
  }

  /// The prompt, and why it is not the chat template's where that cannot be used.
  package func prompt() throws -> (prompt: ModelPrompt, note: String?) {
    var (prompt, note) = try unchecked()
    prompt.stop = stops(prompt)
    prompt.sampling = sampling() ?? prompt.sampling
    _ = try PromptFormat(tokenizer, prompt)
    return (prompt, note)
  }

  private func unchecked() throws -> (prompt: ModelPrompt, note: String?) {
    let family = PromptFamilies.prompt(architecture: architecture)
    let usable = family.flatMap { fits($0) ? $0 : nil }
    if let usable, PromptFamilies.overridesTemplate(architecture) { return (usable, nil) }
    let chatML = PromptFamilies.chatML.beginning(tokenizer)
    let otherwise = usable ?? (fits(chatML) ? chatML : nil)
    let plain = PromptFamilies.plain.beginning(tokenizer)
    guard let template = try template() else {
      let note =
        otherwise == nil ? "it has no chat template: it is spoken to in plain text" : nil
      return (otherwise ?? plain, note)
    }
    do {
      let chat = ChatTemplate(text: template, tokens: specialTokens(), tokenizer: tokenizer)
      var prompt = try chat.prompt()
      if template.contains(ToolStyle.lines.open) { prompt.toolStyle = .lines }
      return (prompt, nil)
    } catch let error as PromptError {
      return (
        otherwise ?? plain,
        "\(error); used instead: \((otherwise ?? plain).source)"
      )
    }
  }

  private func fits(_ prompt: ModelPrompt) -> Bool {
    (try? PromptFormat(tokenizer, prompt)) != nil
  }

  /// Where folders and files keep their template.
  private func template() throws -> String? {
    if folder.hasSuffix(".gguf") {
      return try? GGUFFile(path: folder).string("tokenizer.chat_template")
    }
    if let data = FileManager.default.contents(atPath: folder + "/chat_template.jinja") {
      return String(decoding: data, as: UTF8.self)
    }
    switch json("tokenizer_config.json")?["chat_template"] {
    case let text as String: return text
    case let named as [[String: Any]]:
      let chosen = named.first { $0["name"] as? String == "default" } ?? named.first
      return chosen?["template"] as? String
    default: return nil
    }
  }

  private func json(_ name: String) -> [String: Any]? {
    FileManager.default.contents(atPath: folder + "/" + name).flatMap {
      try? JSONSerialization.jsonObject(with: $0) as? [String: Any]
    }
  }

  /// What templates call `bos_token` and the like.
  private func specialTokens() -> [String: String] {
    if folder.hasSuffix(".gguf") { return ggufTokens() }
    let configuration = json("tokenizer_config.json") ?? [:]
    var tokens: [String: String] = ["bos_token": "", "eos_token": ""]
    for key in ["bos_token", "eos_token", "pad_token", "unk_token"] {
      let value = configuration[key]
      if let name = value as? String ?? (value as? [String: Any])?["content"] as? String {
        tokens[key] = name
      }
    }
    return tokens
  }

  private func ggufTokens() -> [String: String] {
    var tokens = ["bos_token": "", "eos_token": ""]
    guard let file = try? GGUFFile(path: folder) else { return tokens }
    for (key, name) in [("bos_token", "bos_token_id"), ("eos_token", "eos_token_id")] {
      if let id = try? file.integer("tokenizer.ggml." + name),
        let control = Int32(exactly: id).flatMap(tokenizer.controlName)
      {
        tokens[key] = control
      }
    }
    return tokens
  }

  /// The turn's end, and what the model's configurations say ends a text.
  private func stops(_ prompt: ModelPrompt) -> [String] {
    var names = prompt.stop
    for file in ["generation_config.json", "config.json"] {
      let value = json(file)?["eos_token_id"]
      let ids = value as? [Int] ?? (value as? Int).map { [$0] } ?? []
      names += ids.compactMap { Int32(exactly: $0).flatMap(tokenizer.controlName) }
    }
    if let name = specialTokens()["eos_token"], tokenizer.controlToken(name) != nil {
      names.append(name)
    }
    var seen: Set<String> = []
    return names.filter { tokenizer.controlToken($0) != nil && seen.insert($0).inserted }
  }

  private func sampling() -> ModelPrompt.Sampling? {
    guard let values = json("generation_config.json") else { return nil }
    let sampling = ModelPrompt.Sampling(
      temperature: values["temperature"] as? Double, topP: values["top_p"] as? Double,
      topK: values["top_k"] as? Int)
    return sampling == ModelPrompt.Sampling() ? nil : sampling
  }
}

extension ModelPrompt {
  /// The prompt that a model's jobs are given: of its folder, or as its vocabulary suggests.
  /// - Throws: `PromptError`, `TokenizerError`, `ModelError`
  package static func inUse(_ folder: String) throws -> ModelPrompt {
    try PromptFormat(try ModelTokenizer.open(folder), try ModelPrompt.of(folder)).prompt
  }
}
