import Retrieval
import Foundation
package import Answering
package import Documents
import Inference
import Reading
import Results

/// Where is a function defined, and what does it return? Asked of a repository that was read once.
package struct CodeSuite: EvaluationSuite {
  package var repository: Document
  package var questions: Int

  package init(repository: Document, questions: Int) {
    self.repository = repository
    self.questions = questions
  }

  package var parameters: String { "questions=\(questions)" }

  package var texts: [String] { [repository.text] }

  package func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws {
    let functions = FunctionDefinition.all(in: repository)
    guard !functions.isEmpty else {
      throw EvaluationError.nothingToMeasure(
        "no function definitions (func, def, fn, function) in \(repository.name)")
    }
    var random = SplitMix64(choices: 1)
    let asked = functions.shuffled(using: &random).prefix(questions)
    let keys = asked.map { $0.name }
    if keys.allSatisfy(log.has) { return }
    let reading = try answerer.open(repository)
    for (key, function) in zip(keys, asked) {
      try log.add(key) { try item(function, reading, answerer) }
    }
  }

  private func item(
    _ function: FunctionDefinition, _ reading: DocumentReading, _ answerer: Answerer
  )
    throws -> EvaluationItem
  {
    let place = try answerer.answer(
      Question("In which file is the function \(function.name) defined?"), from: reading)
    let file = function.path.split(separator: "/").last.map(String.init) ?? function.path
    var texts = ["function": function.name, "path": function.path, "place": place.text]
    var values: [String: Double] = [
      "file_named": place.text.contains(file) ? 1 : 0,
      "file_quoted": place.evidence.first.map { isOf(function, $0) } == true ? 1 : 0,
      "definition_quoted_3": place.evidence.prefix(3).contains {
        isOf(function, $0) && $0.quote.contains(function.name)
      } ? 1 : 0,
    ]
    if let type = function.returns {
      let answer = try answerer.answer(
        Question("What type does the function \(function.name) return?"), from: reading)
      values["return_type_f1"] = AnswerMetrics.f1(answer.text, [type])
      texts["returns"] = type
      texts["return_answer"] = answer.text
    }

    return EvaluationItem(group: "code", values: values, texts: texts)
  }

  /// Evidence of a single file names no path: there is no other.
  private func isOf(_ function: FunctionDefinition, _ evidence: Quote) -> Bool {
    evidence.path.map { $0 == function.path } ?? (repository.parts.count == 1)
  }
}

/// A function whose name is defined in one place of a repository.
struct FunctionDefinition {
  let name: String
  let path: String
  /// As it stands behind the `->` that follows the parameters.
  let returns: String?

  private static let keywords: Set<Substring> = ["func", "def", "fn", "function"]

  static func all(in document: Document) -> [FunctionDefinition] {
    var found: [String: [FunctionDefinition]] = [:]
    let scalars = Array(document.text.unicodeScalars)
    for part in document.parts {
      let text = String(String.UnicodeScalarView(scalars[part.start..<part.start + part.length]))
      for line in text.split(whereSeparator: \.isNewline) {
        guard let definition = definition(line, path: part.path) else { continue }
        found[definition.name, default: []].append(definition)
      }
    }

    return found.values.filter { $0.count == 1 && $0[0].name.count > 4 }.map { $0[0] }.sorted {
      $0.name < $1.name
    }
  }

  private static func definition(_ line: Substring, path: String) -> FunctionDefinition? {
    let parts = line.split(separator: " ", omittingEmptySubsequences: true)
    guard let at = parts.firstIndex(where: keywords.contains), at < 4, at + 1 < parts.count else {
      return nil
    }
    let name = parts[at + 1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    guard !name.isEmpty, let parameters = line[parts[at + 1].startIndex...].firstIndex(of: "(")
    else { return nil }
    return FunctionDefinition(name: String(name), path: path, returns: returns(line[parameters...]))
  }

  /// What stands between the arrow after `line`'s first brackets and the body; nil where they do
  /// not close or nothing does.
  private static func returns(_ line: Substring) -> String? {
    var depth = 0
    let closed = line.firstIndex { character in
      depth += character == "(" ? 1 : character == ")" ? -1 : 0
      return depth == 0
    }
    guard let closed, let arrow = line[closed...].range(of: "-> ") else { return nil }
    let words = line[arrow.upperBound...].prefix { !"{;".contains($0) }.split(separator: " ").prefix
    { $0 != "where" }
    let type = words.joined(separator: " ")
    let bare = type.hasSuffix(":") ? String(type.dropLast()) : type

    return bare.isEmpty ? nil : bare
  }
}
