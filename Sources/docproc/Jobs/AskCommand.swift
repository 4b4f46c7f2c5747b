import ArgumentParser
import Documents
import Foundation
import Jobs
import Results

struct AskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Ask questions about a document, and wait for the answers.",
    discussion: """
      The document is read once; the reading is kept, and later questions go on from it. On a \
      terminal without a question it asks for one after the other, until ctrl-D. A file of questions \
      holds an object a line, {"id": "a", "question": "Who is Alice?"}; all are answered in one job.
      """)

  @Argument(
    help:
      "A file, a directory (a codebase), PATH@REV of a git repository, or - for standard input.",
    completion: .file())
  var path: String

  @Argument(help: "The question.")
  var question: String?

  @Option(help: "A file of questions, JSON with one object a line.", completion: .file())
  var questions: String?

  @Flag(help: "On a terminal: questions may refer to the answers before.")
  var follow = false

  @OptionGroup var options: SubmissionOptions

  func validate() throws {
    if question?.allSatisfy(\.isWhitespace) == true {
      throw ValidationError("the question is empty")
    }
    if let question { try DocumentOptions.check(question: question) }
    if question != nil, questions != nil {
      throw ValidationError("give a question, or a file of --questions, not both")
    }
    if questions != nil, options.writing.focused {
      throw ValidationError("--focused reads for one question: leave it out for many")
    }
    if questions != nil, options.tools != nil {
      throw ValidationError("--tools is for one question: leave it out for many")
    }
    if follow, question != nil || questions != nil {
      throw ValidationError("--follow is for questions that are asked one after the other")
    }
    if options.key != nil, question == nil, questions == nil {
      throw ValidationError("--key is for one job: give a question")
    }
  }

  private var isTalk: Bool { question == nil && questions == nil }

  func run() throws {
    if isTalk, path == "-" || isatty(STDIN_FILENO) == 0 {
      throw ValidationError("a question is missing: docproc ask \(path) \"...\"")
    }
    _ = try options.chosenTools()
    let file = try questions.map { try QuestionFile(path: $0) }
    for problem in file?.problems ?? [] { options.output.note(problem) }
    let document = try options.document.load(path, options.output)
    let submission = Submission(options: options)
    try submission.checkModel()
    let database = try options.database.open()
    try submission.agree(to: [document], database.submitter)
    let talk = Talk(
      document: document, submission: submission, database: database, options: options)
    if isTalk { return try talk.run(follow: follow) }
    if let file { return try talk.ask(file.questions) }
    try talk.ask(question ?? "")
  }
}

/// Questions about one document, asked by the queue.
private struct Talk {
  let document: Document
  let submission: Submission
  let database: JobDatabase
  let options: SubmissionOptions

  private var follower: JobFollower {
    JobFollower(database.submitter, options.database, options.output)
  }

  /// - Returns: the job's number.
  @discardableResult
  func ask(_ question: String, after turns: [AnsweredQuestion] = []) throws -> Int {
    let (id, _) = try submission.submit(document, .ask, question: question, database) {
      $0.turns = turns.isEmpty ? nil : turns
    }
    try submission.ensureWorker(database.submitter)
    try follower.follow(id)
    return id
  }

  /// All in one job.
  func ask(_ questions: [AskedQuestion]) throws {
    let title = "\(questions.count) question\(questions.count == 1 ? "" : "s")"
    let (id, _) = try submission.submit(document, .ask, question: title, database) {
      $0.questions = questions
    }
    try submission.ensureWorker(database.submitter)
    try follower.follow(id)
  }

  /// Turns that a question may refer to: more do not help a small model.
  private static let mostTurns = 4

  /// One after the other, until the input ends.
  func run(follow: Bool) throws {
    var turns: [AnsweredQuestion] = []
    while let question = nextQuestion() {
      do {
        try DocumentOptions.check(question: question)
        let id = try ask(question, after: turns)
        guard follow else { continue }
        let answer = try database.submitter.result(id).answer
        turns.append(AnsweredQuestion(question: question, answer: answer))
        turns = turns.suffix(Self.mostTurns)
      } catch {
        FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
      }
    }
  }

  private func nextQuestion() -> String? {
    Interruption.end()
    while true {
      FileHandle.standardError.write(Data("? ".utf8))
      guard let line = readLine() else {
        FileHandle.standardError.write(Data("\n".utf8))
        return nil
      }
      if !line.allSatisfy(\.isWhitespace) { return line }
    }
  }
}

/// Questions of a file: JSON, one object a line.
struct QuestionFile {
  let questions: [AskedQuestion]
  /// Lines that are no question, and why.
  let problems: [String]

  /// - Throws: `UserError` where there is no question, or two have the same id.
  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UserError("there is no file \(path) that can be read")
    }
    var questions: [AskedQuestion] = []
    var problems: [String] = []
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
      switch Self.question(Data(line), number: index + 1) {
      case .success(let question): questions.append(question)
      case .failure(let problem): problems.append("\(path):\(index + 1): \(problem)")
      }
    }
    let counts = Dictionary(questions.map { ($0.id, 1) }, uniquingKeysWith: +)
    if let twice = counts.filter({ $0.value > 1 }).keys.min() {
      throw UserError("\(path) has the id \(twice) more than once: each question needs its own")
    }
    guard !questions.isEmpty else {
      let first = problems.first.map { "; \($0)" } ?? ""
      throw UserError(
        "\(path) holds no question; a line is {\"id\": \"a\", \"question\": \"...\"}\(first)")
    }
    self.questions = questions
    self.problems = problems
  }

  private struct Line: Decodable {
    let id: JSONIdentifier?
    let question: String
  }

  private static func question(
    _ data: Data, number: Int
  ) -> Result<AskedQuestion, UserError> {
    guard let line = try? JSONDecoder().decode(Line.self, from: data) else {
      return .failure(UserError("no object with a question; the line is left out"))
    }
    guard !line.question.allSatisfy(\.isWhitespace) else {
      return .failure(UserError("the question is empty; the line is left out"))
    }
    guard line.question.utf8.count <= DocumentOptions.mostQuestionBytes else {
      return .failure(UserError("the question is too long; the line is left out"))
    }
    return .success(AskedQuestion(id: line.id?.text ?? "\(number)", question: line.question))
  }
}

/// A name in JSON: text or a whole number.
private struct JSONIdentifier: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      text = "\(number)"
    } else {
      text = try container.decode(String.self)
    }
  }
}
