import Constraints
import Inference
import Reading
import Results
import Retrieval
import Schemas

/// A value of a schema that one question can be asked for: it stands in objects alone.
struct FieldQuestion: Equatable {
  let path: [String]
  let question: String
  private let schema: JSONTree

  /// Fields that are asked for, at most: the others are written with the rest.
  private static let most = 16
  /// A description that is longer explains; a shorter one names.
  private static let longestName = 60

  /// In the schema's order.
  static func all(of schema: JSONSchema) -> [FieldQuestion] {
    var found: [FieldQuestion] = []
    func look(_ path: [String]) {
      for inner in schema.schemas(at: path) {
        for property in inner["properties"]?.members ?? [] where found.count < most {
          let path = path + [property.name]
          let schemas = schema.schemas(at: path)
          if schemas.contains(where: { $0["properties"] != nil }) {
            // A schema that leads to itself has no end.
            if path.count < 4 { look(path) }
          } else if schemas.count == 1, let only = schemas.first, Self.isAsked(only) {
            let field = FieldQuestion(path, only)
            // "What is the summary?" asks for hours of work, not for a value.
            if Question(field.question).kind != .wholeText { found.append(field) }
          }
        }
      }
    }
    look([])
    return found
  }

  private init(_ path: [String], _ schema: JSONTree) {
    (self.path, self.schema) = (path, schema)
    let said = schema["description"]?.string ?? ""
    let name = JSONSchema.spoken(path.last ?? "")
    if said.hasSuffix("?") {
      question = said
    } else if said.isEmpty || said.count > Self.longestName {
      question = "What is the \(name)?"
    } else {
      let words = said.hasSuffix(".") ? String(said.dropLast()) : said
      let isNamed = ["the ", "a ", "an "].contains { words.lowercased().hasPrefix($0) }
      question =
        "What is \(isNamed ? "" : "the ")\(words.prefix(1).lowercased() + words.dropFirst())?"
    }
  }

  private static func types(_ schema: JSONTree) -> [String] {
    schema["type"].map { ($0.array ?? [$0]).compactMap(\.string) } ?? []
  }

  private static func isAsked(_ schema: JSONTree) -> Bool {
    if schema["enum"] != nil { return true }
    let types = types(schema).filter { $0 != "null" }
    return types.count == 1 && ["string", "number", "integer"].contains(types[0])
  }

  /// The answer as a value; nil where it is none of the schema's kind.
  func value(of answer: String) -> JSONTree? {
    if let choices = schema["enum"]?.array {
      let words = Set(Words.stems(of: answer))
      let fitting = choices.filter { choice in
        let own = Words.stems(of: choice.string ?? choice.text)
        return !own.isEmpty && own.allSatisfy(words.contains)
      }
      return fitting.count == 1 ? fitting[0] : nil
    }
    if Self.types(schema).contains("string") { return answer.isEmpty ? nil : .string(answer) }
    return Self.number(answer).map(JSONTree.number)
  }

  var allowsNull: Bool { Self.types(schema).contains("null") }

  /// The one number of a text, without what groups its digits.
  static func number(_ text: String) -> String? {
    let numbers = text.matches(of: #/-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?/#)
    guard numbers.count == 1 else { return nil }
    let digits = numbers[0].output.replacing(",", with: "")
    let isNegative = digits.hasPrefix("-")
    let (whole, part) = digits.drop { $0 == "-" }.splitOnce(at: ".")
    // JSON has no zeros before a number.
    let short = whole.drop { $0 == "0" }
    return (isNegative ? "-" : "") + (short.isEmpty ? "0" : short) + (part.map { "." + $0 } ?? "")
  }
}

extension Substring {
  fileprivate func splitOnce(at separator: Character) -> (Substring, Substring?) {
    guard let place = firstIndex(of: separator) else { return (self, nil) }
    return (self[..<place], self[index(after: place)...])
  }
}

extension Answerer {
  /// Values of a schema that questions find: a small model answers questions, and knows no JSON.
  /// - Throws: `ModelError`, `ReadingError.stopped`
  func fieldValues(
    of schema: JSONSchema, from reading: DocumentReading, _ options: AnswerOptions
  ) throws -> KnownValues {
    let fields = FieldQuestion.all(of: schema)
    guard !fields.isEmpty else { return KnownValues() }
    var asking = options
    asking.schema = nil
    asking.effort = 1
    asking.mostTokens = min(options.mostTokens, Self.fieldTokens)
    var known = KnownValues()
    for start in stride(from: 0, to: fields.count, by: Self.fieldsTogether) {
      let some = fields[start..<min(fields.count, start + Self.fieldsTogether)]
      let answers = try answers(some.map { Question($0.question) }, from: reading, asking)
      for (field, answer) in zip(some, answers) {
        if answer.isSupported {
          known.set(field.value(of: answer.text), at: field.path)
        } else if field.allowsNull {
          known.set(.null, at: field.path)
        }
        known.tokens += answer.figures.generatedTokens
      }
    }
    return known
  }

  /// Tokens of an answer that is a value.
  private static var fieldTokens: Int { 48 }
  private static var fieldsTogether: Int { 8 }
}

/// Values that are known before an answer is written.
struct KnownValues {
  private var values: [[String]: JSONTree] = [:]
  /// That were written to find them.
  var tokens = 0

  mutating func set(_ value: JSONTree?, at path: [String]) { values[path] = value }

  /// What is yet to be written of the value that begins where an outline stands; nil where none is
  /// known. It is told once.
  mutating func next(_ outline: JSONOutline) -> [UInt8]? {
    guard outline.isAtValue, let value = values.removeValue(forKey: outline.path) else {
      return nil
    }
    let text = Array(value.text.utf8)
    if !outline.isInString { return text }
    return value.string == nil ? nil : Array(text.dropFirst())
  }
}
