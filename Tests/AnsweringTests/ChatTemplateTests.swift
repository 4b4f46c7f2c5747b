import Foundation
import TestSupport
import Testing
import Tokenizer

@testable import Answering

/// A model's own chat template becomes the pieces of its prompt.
@Suite struct ChatTemplateTests {
  /// Prompts of published templates (Tests/Tools/make_chat_goldens.py).
  private struct Goldens: Decodable {
    struct Family: Decodable {
      let name: String
      let control: [String]
      let rendered: String
      let markedIds: [Int32]
      let prompt: ModelPrompt

      enum CodingKeys: String, CodingKey {
        case name, control, rendered, prompt
        case markedIds = "marked_ids"
      }
    }
    let system: String
    let user: String
    let markedUser: String
    let families: [Family]

    enum CodingKeys: String, CodingKey {
      case system, user, families
      case markedUser = "marked_user"
    }

    static func read() throws -> Goldens {
      let file = URL(fileURLWithPath: Repository.fixture("chat_prompts.json"))
      return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: file))
    }
  }

  /// A small vocabulary with these control tokens.
  private static func tokenizer(_ control: [String]) throws -> TextTokenizer {
    try TextTokenizer(json: SmallVocabulary.json(control))
  }

  @Test func promptsOfPublishedTemplatesHaveTheLibrarysTokens() throws {
    let goldens = try Goldens.read()
    #expect(goldens.families.count == 8)
    for family in goldens.families {
      let tokenizer = try Self.tokenizer(family.control)
      #expect(family.prompt.source == "chat template")
      let format = try PromptFormat(tokenizer, family.prompt)
      let ids = format.singleTurn(system: goldens.system, user: goldens.markedUser)
      #expect(ids == family.markedIds, "\(family.name)")
      let prompt = family.prompt
      let shown = prompt.shown(prompt.withoutThinking ?? prompt.turns)
        .replacingOccurrences(of: "{system}", with: goldens.system)
        .replacingOccurrences(of: "{user}", with: goldens.user)
      #expect(shown == family.rendered, "\(family.name)")
      // A control token's name in the user's words stays text.
      let named = format.singleTurn(system: goldens.system, user: goldens.user)
      func controls(_ ids: [Int32]) -> [String] { ids.compactMap(tokenizer.controlName) }
      #expect(controls(named) == controls(ids), "\(family.name)")
    }
  }

  @Test(arguments: [
    ("minimax-m2", "MiniMaxM2ForCausalLM"), ("ling-v2", "BailingMoeV2_5ForCausalLM"),
  ])
  func theTableOfFamiliesSaysTheSame(name: String, architecture: String) throws {
    let goldens = try Goldens.read()
    let family = try #require(goldens.families.first { $0.name == name })
    let prompt = try #require(PromptFamilies.prompt(architecture: architecture))
    #expect(prompt.turns == family.prompt.turns)
    #expect(family.prompt.stop.allSatisfy(prompt.stop.contains))
  }

  private static func prompt(_ template: String, _ control: [String] = []) throws -> ModelPrompt {
    try ChatTemplate(text: template, tokens: ["bos_token": "<s>"], tokenizer: tokenizer(control))
      .prompt()
  }

  private static let turns = """
    {{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>
    {% endfor %}{% if add_generation_prompt %}<|answer|>{% endif %}
    """

  @Test func aTemplateIsTakenApart() throws {
    let names = ["<s>", "<|system|>", "<|user|>", "<|answer|>", "<|end|>"]
    let prompt = try Self.prompt(Self.turns, names)
    #expect(prompt.turns.beforeSystem == [.token("<s>"), .token("<|system|>")])
    #expect(prompt.turns.beforeUser == [.token("<|end|>"), .text("\n"), .token("<|user|>")])
    #expect(prompt.turns.beforeAnswer == [.token("<|end|>"), .text("\n"), .token("<|answer|>")])
    #expect(prompt.stop == ["<|end|>"] && prompt.thinking == nil && prompt.hasSystemTurn)
  }

  @Test func thinkingIsSwitchedOffWhereTheTemplateCan() throws {
    let template =
      Self.turns + """
        {% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}
        """
    let prompt = try Self.prompt(template, ["<|end|>", "<think>", "</think>"])
    let silent = try #require(prompt.withoutThinking)
    #expect(silent.beforeAnswer.suffix(2) == [.token("<think>"), .token("</think>")])
    #expect(prompt.turns.beforeAnswer.last == .text("\n<|answer|>"))
    #expect(prompt.thinking?.isOpened == false)
    let always = try Self.prompt(Self.turns + "<think>\n", ["<think>", "</think>"])
    #expect(always.withoutThinking == nil && always.thinking?.isOpened == true)
  }

  @Test func aTemplateWithoutASystemTurnGetsTheTextIntoTheUsers() throws {
    let template = """
      {% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}\
      [{{ m.content }}]{% endfor %}
      """
    let prompt = try Self.prompt(template, ["["])
    #expect(!prompt.hasSystemTurn && prompt.turns.beforeSystem.isEmpty)
    let format = try PromptFormat(Self.tokenizer(["["]), prompt)
    let ids = format.singleTurn(system: "Be brief.", user: "Who?")
    let text = try Self.tokenizer(["["]).decode(ids)
    #expect(text.contains("Be brief.\n\nWho?"))
  }

  @Test(arguments: [
    (
      "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
      "longer than"
    ),
    ("{{ 'a' * 4000000000 }}", "MemoryError"), ("{% include '/etc/passwd' %}", "loader"),
    ("{{ cycler.__init__.__globals__.os.system('id') }}", "Error"), ("{{ x", "TemplateSyntaxError"),
    ("Hello.", "0 times"), ("{{ messages[-1].content }}{{ messages[-1].content }}", "2 times"),
    ("{{ messages[-1].content | upper }}", "0 times"),
    ("{{ messages[-1].content }}{{ messages[-1].content | length }}", "depends on the texts"),
    ("{{ raise_exception('only tools') }}", "only tools"),
  ])
  func whatIsNoPromptIsRefused(template: String, reason: String) throws {
    let error = #expect(throws: PromptError.self) { try Self.prompt(template) }
    #expect("\(try #require(error))".contains(reason), "\(String(describing: error))")
  }

  @Test func aTextBeginsAsTheTokenizerSays() throws {
    let folder = Repository.fixture("tokenizers/llama3-style")
    let tokenizer = try TextTokenizer(folder: folder)
    let begin = try #require(tokenizer.controlToken("<|begin_of_text|>"))
    #expect(tokenizer.beginning == [begin])
    let ids = try PromptFormat(tokenizer).singleTurn(system: "Read.", user: "Who?")
    #expect(ids.first == begin && ids.filter { $0 == begin }.count == 1)
    #expect(try Self.tokenizer([]).beginning.isEmpty)
  }

  @Test func aPromptFileIsCheckedBeforeItIsUsed() throws {
    let folder = try TemporaryDirectory()
    let file = URL(fileURLWithPath: folder.path + "/" + ModelPrompt.file)
    #expect(try ModelPrompt.of(folder.path) == nil)
    try PromptFamilies.chatML.write(to: folder.path)
    #expect(try ModelPrompt.of(folder.path) == PromptFamilies.chatML)
    for (text, reason) in [
      ("{", "JSON"), ("{}", "has no"), (#"{"format": 99, "source": "x", "stop": 3}"#, "stop"),
    ] {
      try Data(text.utf8).write(to: file)
      let error = #expect(throws: PromptError.self) { try ModelPrompt.of(folder.path) }
      #expect("\(try #require(error))".contains(folder.path), "\(reason)")
    }
    var untagged = PromptFamilies.chatML
    untagged.thinking = .init(open: "<think>", close: "", isOpened: false)
    try untagged.write(to: folder.path)
    let error = #expect(throws: PromptError.self) { try ModelPrompt.of(folder.path) }
    #expect("\(try #require(error))".contains("thinking.close is empty"))
    #expect(throws: PromptError.unknownToken("<|im_end|>")) {
      try PromptFormat(Self.tokenizer(["<|im_start|>"]), PromptFamilies.chatML)
    }
  }
}
