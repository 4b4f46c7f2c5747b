import Foundation
import Host

/// Renders a chat template in a child process of Python, with Jinja's sandbox and limits on time,
/// memory and files: templates are strangers' code.
enum TemplateRenderer {
  /// A conversation that a template is rendered with.
  struct Case: Encodable, Sendable {
    let system: String?
    let user: String
    /// Contents as [{"type": "text", "text": ...}], which some templates want.
    let isList: Bool
    /// nil: the template is not told.
    let thinks: Bool?

    enum CodingKeys: String, CodingKey {
      case system, user
      case isList = "is_list"
      case thinks
    }
  }

  private struct Job: Encodable {
    let template: String
    let tokens: [String: String]
    let cases: [Case]
  }

  /// What became of a case.
  struct Rendered: Decodable, Sendable {
    let text: String?
    let error: String?
  }

  /// - Parameter tokens: special tokens that a template may name, such as `bos_token`.
  /// - Returns: one for each case.
  /// - Throws: `PromptError.unusableTemplate` where Python or Jinja are missing, or a limit ended it.
  static func render(
    _ template: String, tokens: [String: String], _ cases: [Case]
  ) throws -> [Rendered] {
    let path = FileManager.default.temporaryDirectory.path + "/docproc-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try JSONEncoder().encode(Job(template: template, tokens: tokens, cases: cases))
      .write(to: URL(fileURLWithPath: path))
    let result: Command.Result
    do {
      result = try Command.run("python3", ["-I", "-c", script, path])
    } catch let error as Command.NotFound {
      throw PromptError.unusableTemplate("\(error)")
    }
    guard result.status == 0,
      let rendered = try? JSONDecoder().decode([Rendered].self, from: result.output),
      rendered.count == cases.count
    else { throw PromptError.unusableTemplate(reason(result)) }
    return rendered
  }

  private static func reason(_ result: Command.Result) -> String {
    if result.status == 128 + SIGXCPU || result.status == 128 + SIGKILL {
      return "it took longer than \(seconds) s"
    }
    let last = result.error.split(separator: "\n").last.map(String.init)
    return last ?? "Python ended with status \(result.status)"
  }

  private static let seconds = 5

  /// Limits are set when all is imported: the sandboxed template opens nothing then.
  private static let script = """
    import json, resource, sys
    try:
        import jinja2.debug
        from jinja2.ext import Extension
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        sys.exit("Python's jinja2 is not installed (Debian: python3-jinja2)")

    class Generation(Extension):
        tags = {"generation"}
        def parse(self, parser):
            next(parser.stream)
            return parser.parse_statements(["name:endgeneration"], drop_needle=True)

    def refuse(message):
        raise ValueError(message)

    def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)

    job = json.load(open(sys.argv[1], encoding="utf-8"))
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", Generation])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: "2026-01-01"
    # What Python loads when it is first needed is loaded now.
    environment.from_string(r"{% macro m(a) %}{{ a }}{% endmacro %}{{ 'a\\n' }}{{ m(1) }}").render()
    resource.setrlimit(resource.RLIMIT_CPU, (\(seconds), \(seconds)))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 22, 1 << 22))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))

    def shortened(error):
        return (type(error).__name__ + ": " + str(error))[:300]

    def render(template, case):
        content = lambda text: [{"type": "text", "text": text}] if case["is_list"] else text
        messages = [{"role": "user", "content": content(case["user"])}]
        if case.get("system") is not None:
            messages.insert(0, {"role": "system", "content": content(case["system"])})
        told = {}
        if case.get("thinks") is not None:
            told = {"enable_thinking": case["thinks"], "thinking": case["thinks"]}
        return template.render(
            messages=messages, add_generation_prompt=True, tools=None, **job["tokens"], **told)

    try:
        template = environment.from_string(job["template"])
    except Exception as error:
        sys.exit(shortened(error))
    results = []
    for case in job["cases"]:
        try:
            text = render(template, case)
            if len(text) > 100000:
                raise ValueError("it makes a prompt of %d characters" % len(text))
            results.append({"text": text})
        except Exception as error:
            results.append({"error": shortened(error)})
    print(json.dumps(results))
    """
}
