import Foundation
import Host
import Inference
import Jobs
import TestSupport
import Testing

/// Models of every family through the queue, as their authors' templates have them spoken to.
@Suite(.serialized) struct FamilyTests {
  private static let cluster = Result { try TestCluster() }

  /// A family of the golden prompts, and the fixture that has its layers.
  struct Family: Sendable, CustomTestStringConvertible {
    let name: String
    let fixture: String
    var testDescription: String { name }
  }

  static let families = [
    Family(name: "minimax-m1", fixture: "minimax-shared-expert"),
    Family(name: "minimax-m2", fixture: "minimax-m2"),
    Family(name: "ling-v2", fixture: "bailing-ling-latent"),
    Family(name: "ring-mini-2.0", fixture: "bailing-ring-mini"),
    Family(name: "minicpm3", fixture: "sala-h6"),
    Family(name: "qwen3", fixture: "qwen3-tied"),
    Family(name: "qwen3-thinking", fixture: "qwen3-yarn"),
    Family(name: "smollm2", fixture: "llama-gqa"),
  ]

  private struct Golden: Decodable {
    struct Family: Decodable {
      let name: String
      let control: [String]
    }
    let families: [Family]
  }

  private struct Record: Decodable {
    struct Reading: Decodable {
      let passes: Int
      let tokens_read: Int
      let generated_tokens: Int
      let reasoning_tokens: Int?
      let seed: Int?
    }
    struct DocumentInfo: Decodable { let tokens: Int }
    let state: String
    let answer: String
    let answered_from: String
    let reasoning: String?
    let document: DocumentInfo
    let reading: Reading
  }

  /// Writes the prompt that `model add` made of the authors' template.
  private static func writePrompt(of family: String, to folder: String) throws -> [String] {
    let data = try Repository.data("chat_prompts.json")
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    let control = try #require(golden.families.first { $0.name == family }).control
    let all = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let families = try #require(all["families"] as? [[String: Any]])
    let prompt = try #require(families.first { $0["name"] as? String == family }?["prompt"])
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try JSONSerialization.data(withJSONObject: prompt)
      .write(to: URL(fileURLWithPath: folder + "/prompt.json"))
    return control
  }

  /// A random model whose prompt opens its thoughts never closes them.
  private static func briefly(_ family: Family) -> [String] {
    family.name == "minimax-m2" ? ["--think-tokens", "9"] : []
  }

  /// Submits, and lets a worker do what there is.
  private func answer(
    _ cluster: TestCluster, _ text: String, _ model: String, _ more: [String]
  ) throws -> (id: Int, state: String) {
    let path = try cluster.directory.write("documents/\(UUID().uuidString).txt", text)
    let submitted = try cluster.program.run(
      "docproc",
      ["submit", path, "--task", "ask", "--question", "Who smokes?", "--model", model, "--json"]
        + more)
    #expect(submitted.status == 0, "\(submitted.error)")
    struct Status: Decodable {
      let id: Int
      let state: String
    }
    let id = try submitted.json(Status.self).id
    let worker = Program(home: cluster.directory.path, environment: ["DATABASE_URL": cluster.url])
    #expect(try worker.run("docproc-worker", ["--once", "--models", "/"]).status == 0)
    return (
      id, try cluster.program.docproc("status", String(id), "--json").json(Status.self).state
    )
  }

  private func record(_ cluster: TestCluster, _ id: Int) throws -> Record {
    try cluster.program.docproc("result", String(id), "--json").json(Record.self)
  }

  @Test(arguments: families)
  func everyFamilyReadsAndAnswers(family: Family) throws {
    let cluster = try Self.cluster.get()
    let folder = cluster.directory.path + "/models/" + family.name
    let control = try Self.writePrompt(of: family.name, to: folder)
    try PublishedFolder.write(
      family.fixture, control: control, settings: ["max_position_embeddings": .integer(4096)],
      to: folder)
    let text = String(repeating: "The caterpillar smokes <|im_end|> and says nothing. ", count: 40)
    let more = ["--from", "reading", "--max-answer-tokens", "12"]
    let done = try answer(cluster, text, family.name, more + Self.briefly(family))
    let found = try record(cluster, done.id)
    #expect(done.state == "completed" && found.answered_from == "reading")
    #expect(found.reading.passes == 1 && found.reading.tokens_read == found.document.tokens)
    #expect(found.reading.generated_tokens - (found.reading.reasoning_tokens ?? 0) <= 12)
    for token in control { #expect(!found.answer.contains(token)) }
  }

  @Test(arguments: families)
  func beyondTheContextIsRefusedByName(family: Family) throws {
    let cluster = try Self.cluster.get()
    let folder = cluster.directory.path + "/models/short-" + family.name
    let control = try Self.writePrompt(of: family.name, to: folder)
    // MiniCPM-SALA's end where it would begin to choose blocks.
    try PublishedFolder.write(
      family.fixture, control: control,
      settings: [
        "max_position_embeddings": .integer(256),
        "sparse_config": .object(["dense_len": .integer(256)]),
      ], to: folder)
    let text = String(repeating: "The caterpillar smokes and says nothing. ", count: 100)
    let refused = try answer(cluster, text, "short-" + family.name, ["--from", "reading"])
    #expect(refused.state == "failed")
    let waited = try cluster.program.docproc("wait", String(refused.id))
    #expect(waited.error.contains("--beyond-context"), "\(waited.error)")
    let allowed = try answer(
      cluster, text, "short-" + family.name,
      ["--from", "reading", "--beyond-context", "--max-answer-tokens", "4"]
        + Self.briefly(family))
    #expect(allowed.state == "completed")
  }

  /// Templates in the style of Qwen3, whose thoughts can be switched off, and of Ring.
  private static let templates = [
    "qwen": """
    {% for m in messages %}<|im_start|>{{ m.role }}
    {{ m.content }}<|im_end|>
    {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
    {% if enable_thinking is defined and not enable_thinking %}<think>

    </think>

    {% endif %}{% endif %}
    """,
    "ring": """
    {% for m in messages %}<role>{{ 'HUMAN' if m.role == 'user' else 'SYSTEM' }}</role>\
    {{ m.content }}<|role_end|>{% endfor %}{% if add_generation_prompt %}<role>ASSISTANT</role>\
    <think>
    {% endif %}
    """,
  ]

  private static let control = [
    "qwen": ["<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "ring": ["<role>", "</role>", "<|role_end|>", "<think>", "</think>"],
  ]

  /// What the model says after its prompt's last token.
  private static let says = [
    "qwen": ["<think>", " the", " man", "</think>", " old", " house", "<|im_end|>"],
    "ring": [" the", " man", "</think>", " old", " house", "<|role_end|>"],
  ]

  /// A published folder of a model that thinks, added under its style's name.
  private func addThinking(_ style: String, _ cluster: TestCluster) throws {
    let folder = cluster.directory.path + "/published/" + style
    let control = try #require(Self.control[style])
    try PublishedFolder.write(
      "llama-gqa", control: control, template: Self.templates[style], to: folder)
    let chain = ["\n"] + (Self.says[style] ?? [])
    try SuccessorModel.write(
      saying: [chain, ["\n\n", " old", " house", chain.last ?? ""]], to: folder)
    let added = try cluster.program.docproc("model", "add", folder, "--name", style)
    #expect(added.status == 0 && added.text.contains("chat template"), "\(added.error)")
  }

  @Test(arguments: ["qwen", "ring"])
  func thoughtsAreSplitFromAnswers(style: String) throws {
    let cluster = try Self.cluster.get()
    try addThinking(style, cluster)
    let text = "The caterpillar smokes and says nothing."
    let plain = ["--from", "reading"]
    let thinking = try answer(cluster, text, style, plain + ["--think-tokens", "50"])
    let thought = try record(cluster, thinking.id)
    #expect(thought.answer == "old house" && thought.reasoning == "the man")
    #expect(thought.reading.reasoning_tokens ?? 0 > 2)
    let usual = try record(cluster, try answer(cluster, text, style, plain).id)
    #expect(usual.answer == "old house")
    #expect((usual.reasoning == nil) == (style == "qwen"), "Qwen's thoughts are off by themselves")
    let none = try answer(cluster, text, style, plain + ["--think-tokens", "0"])
    #expect(none.state == (style == "qwen" ? "completed" : "failed"))
    let closed = try record(
      cluster, try answer(cluster, text, style, plain + ["--think-tokens", "2"]).id)
    #expect(closed.answer == "old house", "the tag is written at the budget")
  }
}

/// Adding models whose files or disks are no good.
@Suite struct ModelAddTests {
  private let directory: TemporaryDirectory
  private let program: Program

  init() throws {
    directory = try TemporaryDirectory()
    program = Program(home: directory.path + "/home")
    try PublishedFolder.write(
      "llama-gqa", control: ["<|im_start|>", "<|im_end|>"], to: directory.path + "/published")
  }

  private var models: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: directory.path + "/home/models")) ?? []
  }

  /// A limit on a file's size fails a write as a full disk does.
  @Test func aDiskThatIsFullInTheMiddleLeavesNothing() throws {
    let output = try Command.run(
      "bash",
      [
        "-c", "trap '' XFSZ; ulimit -f 40; exec \"$@\"", "bash", Program.directory + "/docproc",
        "model", "add", directory.path + "/published", "--name", "made", "--to", "int4",
      ], environment: ["DOCPROC_HOME": directory.path + "/home"])
    #expect(output.status == 1)
    #expect(output.error.contains("model.safetensors") && output.error.contains("too large"))
    #expect(models == [])
    let again = try program.docproc(
      "model", "add", directory.path + "/published", "--name", "made", "--to", "int4")
    #expect(again.status == 0 && models == ["made"])
  }

  @Test(arguments: [
    ("no JSON", "{"), ("a stop that is no token", #"{"stop": ["<|nothing|>"]}"#),
  ])
  func aPromptEditedToNonsenseIsNamed(what: String, change: String) throws {
    let folder = directory.path + "/home/models/made"
    _ = try program.docproc("model", "add", directory.path + "/published", "--name", "made")
    let path = URL(fileURLWithPath: folder + "/prompt.json")
    var prompt = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    if let other = try? JSONSerialization.jsonObject(with: Data(change.utf8)) as? [String: Any] {
      prompt.merge(other) { $1 }
      try JSONSerialization.data(withJSONObject: prompt).write(to: path)
    } else {
      try Data(change.utf8).write(to: path)
    }
    let text = try directory.write("short.txt", "A short text.")
    let read = try program.docproc("model", "read", text, "--model", "made", "--question", "Who?")
    #expect(read.status == 1 && read.error.contains("prompt.json"), "\(what): \(read.error)")
  }
}
