import Answering
import ArgumentParser
import Foundation
import Host
import Inference

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract:
      "Print what a model is: family, layers, parameters, memory, expected speed on this host.")

  @Argument(help: "The model's name, folder or GGUF file.")
  var directory: String

  @Option(help: "Document lengths in tokens to state memory for, separated by commas.")
  var tokens = "8192,131072,1048576"

  @Flag(help: "Do not run the model to measure its speed.")
  var dry = false

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    let description: ModelDescription
    let memory: [Memory]
    let expectedTokensPerSecond: Double?
    let prompt: ModelPrompt?
    /// Why there is none: a model whose text nobody can encode here runs by token ids.
    let promptProblem: String?

    struct Memory: Encodable {
      let tokens: Int
      let stateBytes: Int

      enum CodingKeys: String, CodingKey {
        case tokens
        case stateBytes = "state_bytes"
      }
    }

    enum CodingKeys: String, CodingKey {
      case memory, prompt
      case promptProblem = "prompt_problem"
      case expectedTokensPerSecond = "expected_tokens_per_second"
    }

    func encode(to encoder: any Encoder) throws {
      try description.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(memory, forKey: .memory)
      try container.encodeIfPresent(prompt, forKey: .prompt)
      try container.encodeIfPresent(promptProblem, forKey: .promptProblem)
      try container.encodeIfPresent(expectedTokensPerSecond, forKey: .expectedTokensPerSecond)
    }
  }

  func run() throws {
    let lengths = try BenchCommand.depths(tokens)
    let folder = DataHome.modelFolder(directory)
    let model = try LanguageModel.load(folder: folder)
    let (prompt, problem) = Self.prompt(of: folder)
    let report = Report(
      description: model.description,
      memory: lengths.map { .init(tokens: $0, stateBytes: model.stateBytes(at: $0)) },
      expectedTokensPerSecond: dry ? nil : try measuredSpeed(model),
      prompt: prompt, promptProblem: problem)
    if json { return print(JSONText.pretty(report)) }
    print(Self.text(report))
  }

  private static func prompt(of folder: String) -> (ModelPrompt?, String?) {
    do {
      return (try ModelPrompt.inUse(folder), nil)
    } catch {
      return (nil, "\(error)")
    }
  }

  /// One block says what a token costs; a second is read to leave page faults out.
  private func measuredSpeed(_ model: LanguageModel) throws -> Double {
    let ids = BenchCommand.ids(
      ReadingGrid.block, vocabulary: model.description.vocabularySize)
    let state = model.makeState()
    try model.read(ids, into: state)
    let start = ContinuousClock.now
    try model.read(ids, into: state)
    return Double(ids.count) / ((ContinuousClock.now - start) / .seconds(1))
  }

  private static func text(_ report: Report) -> String {
    let description = report.description
    var lines = [
      "architecture  \(description.architecture)",
      "layers        \(description.layers.count): \(summary(description.layers))",
      "hidden size   \(description.hiddenSize)",
      "vocabulary    \(description.vocabularySize)",
      "parameters    \(description.parameters) (\(description.activeParameters) active for a "
        + "token)",
      "on disk       \(description.bytes >> 20) MiB",
    ]
    lines += report.memory.map {
      "memory        \($0.stateBytes >> 20) MiB of state at \($0.tokens) tokens, beside the weights"
    }
    if let speed = report.expectedTokensPerSecond {
      lines.append(
        "reads         about \(Int(speed)) tokens/s on this host at the start of a document")
    }

    if let context = description.context {
      lines.append("context       \(context) tokens, with question and answer")
    }
    lines += report.prompt.map(Self.lines) ?? ["prompt        none: \(report.promptProblem ?? "")"]
    lines += description.notes.map { "note          \($0)" }

    return (lines + description.layers.enumerated().map { "  layer \($0)  \($1)" }).joined(
      separator: "\n")
  }

  /// Line ends are shown as \\n: each prompt stands on one line.
  private static func lines(_ prompt: ModelPrompt) -> [String] {
    func line(_ turns: ModelPrompt.Turns) -> String {
      prompt.shown(turns).replacingOccurrences(of: "\n", with: "\\n")
    }
    var lines = ["prompt        \(line(prompt.turns)) (\(prompt.source))"]
    if let silent = prompt.withoutThinking {
      lines.append("no thinking   \(line(silent))")
    }
    if let thinking = prompt.thinking {
      let opener = thinking.isOpened ? ", opened by the prompt" : ""
      lines.append("thinks in     \(thinking.open) \(thinking.close)\(opener)")
    }
    lines.append("stops at      \(prompt.stop.joined(separator: " "))")
    return lines
  }

  private static func summary(_ layers: [String]) -> String {
    let counts = Dictionary(grouping: layers, by: { $0 }).mapValues(\.count)
    return counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }
}
