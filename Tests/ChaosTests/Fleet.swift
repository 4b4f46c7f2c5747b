import Documents
import Foundation
import Host
import Inference
import Jobs
import Postgres
@testable import Answering
import Reading
import Results
import Retrieval
import TestSupport

/// A queue, a small random model with every kind of memory, and worker processes to be maltreated.
final class Fleet {
  /// Seconds; a fifth of a second is what a loaded machine still keeps apart.
  struct Times {
    var lease = 3.0
    var checkpoint = 0.3
  }

  let cluster: TestCluster
  private(set) var queue: PostgresWorkerQueue
  private(set) var url: String
  private let times: Times
  private(set) var workers: [WorkerProcess] = []
  private var random: SplitMix

  init(seed: UInt64, times: Times = Times()) throws {
    self.times = times
    random = SplitMix(seed)
    cluster = try TestCluster()
    url = cluster.url
    queue = try PostgresWorkerQueue(url: url)
    try ChaosModel.write(to: cluster.directory.path + "/models/tiny")
    try queue.connection.query(
      "update docproc.setting set value = $1 where name = 'lease'", [.text("\(times.lease) s")])
    // Here it is not the jobs' fault that workers die.
    try queue.connection.execute(
      script:
        "update docproc.setting set value = '1000' where name in ('most_crashes', 'most_deaths')")
    try queue.connection.execute(script: WriteLog.triggers)
    // Rescues wait one lease after the server's start; tests with a long one expect none.
    if times.lease < 5 { Thread.sleep(forTimeInterval: times.lease) }
  }

  deinit { for worker in workers { worker.kill() } }

  /// - Parameters:
  ///   - prefix: a command that starts the worker, such as one that enters a network namespace.
  @discardableResult
  func start(
    _ name: String, url: String? = nil, prefix: [String] = [], environment: [String: String] = [:]
  ) throws -> WorkerProcess {
    let arguments = [
      "--name", name, "--threads", "1", "--checkpoint-seconds", String(times.checkpoint), "--spool",
      spool(name),
    ]
    let worker = try WorkerProcess(
      name: name, command: prefix + [Program.directory + "/docproc-worker"] + arguments,
      environment: [
        "DATABASE_URL": url ?? self.url, "DOCPROC_HOME": cluster.directory.path, "PGAPPNAME": name,
      ].merging(environment) { $1 },
      log: log(name))
    workers.append(worker)

    return worker
  }

  /// After the server came back, or under another address.
  func reconnect(url other: String? = nil) throws {
    if let other { url = other }
    for attempt in 0..<100 {
      do {
        queue = try PostgresWorkerQueue(url: url)
        return
      } catch  where attempt < 99 {
        Thread.sleep(forTimeInterval: 0.2)
      }
    }
  }

  func spool(_ name: String) -> String { "\(cluster.directory.path)/spool-\(name)" }
  func log(_ name: String) -> String { "\(cluster.directory.path)/\(name).log" }
  func logText(_ name: String) -> String {
    (try? String(contentsOfFile: log(name), encoding: .utf8)) ?? ""
  }

  func stopAll() { for worker in workers { worker.kill() } }

  /// Documents of about this many tokens, no two alike; every third is asked a question.
  func submit(_ count: Int, tokens: Int) throws -> [Int] {
    try (0..<count).map { number in
      let text = ChaosModel.text(tokens: tokens, &random)
      return try queue.jobs.submit(
        JobOrder(
          Document(name: "\(number).txt", text: text), number % 3 == 0 ? .ask : .summarize,
          question: number % 3 == 0 ? "Which stone is red?" : nil, model: "tiny", again: true)
      ).id
    }
  }

  func finished() throws -> Int {
    try count(
      "select count(*) from docproc.job_state where state in ('completed', 'failed', 'cancelled')")
  }

  func count(_ sql: String) throws -> Int {
    try queue.connection.query("select (\(sql))::bigint as count").first?.integer("count") ?? 0
  }

  /// Calls `meanwhile` every so often until so many jobs are finished.
  /// - Returns: false when the time was over.
  func wait(
    until jobs: Int, seconds: Double, every pause: Double = 0.1, meanwhile: () throws -> Void = {}
  ) throws -> Bool {
    try wait(until: { jobs }, seconds: seconds, every: pause, meanwhile: meanwhile)
  }

  /// The same where `meanwhile` submits more.
  func wait(
    until jobs: () -> Int, seconds: Double, every pause: Double = 0.1, meanwhile: () throws -> Void
  ) throws -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
      if (try? finished()) ?? 0 >= jobs() { return true }
      try meanwhile()
      Thread.sleep(forTimeInterval: pause)
    }

    return false
  }
}

/// A process of docproc-worker.
final class WorkerProcess {
  let name: String
  let process: Int32
  private var isReaped = false

  init(name: String, command: [String], environment: [String: String], log: String) throws {
    self.name = name
    process = try ChildProcess.startInBackground(
      "/usr/bin/env", command, environment: environment, log: log)
  }

  func signal(_ number: Int32) { if !isReaped { Glibc.kill(process, number) } }

  func kill() {
    signal(SIGKILL)
    _ = wait(seconds: 10)
  }

  /// - Returns: the exit status, or 128 plus the signal that ended it; nil when it still runs.
  func wait(seconds: Double) -> Int32? {
    let deadline = Date().addingTimeInterval(seconds)
    while !isReaped {
      var status: Int32 = 0
      if waitpid(process, &status, WNOHANG) == process {
        isReaped = true
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
      }
      if Date() > deadline { return nil }
      Thread.sleep(forTimeInterval: 0.02)
    }

    return nil
  }
}

/// The model that chaos reads with, and texts for it.
enum ChaosModel {
  private static let words = [
    "stone", "red", "river", "under", "the", "a", "seven", "house", "blue", "night", "they",
    "walked", "and", "found", "old", "letters",
    "Maria", "keeps", "in", "garden", "north", "wind", "is", "was", "never", "green", "door",
    "opens", "by", "light",
  ]

  static func write(to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var model = RandomModel(extra: [
      "layer_mixers": .array(["lightning", "bounded", "window", "softmax"].map(JSONValue.string)),
      "window_tokens": .integer(64),
      "sink_tokens": .integer(4), "kept_tokens": .integer(128),
    ])
    model.vocabulary = 1600
    model.layers = 4
    try model.write(to: folder)
    try FileManager.default.copyItem(
      atPath: Repository.fixture("tokenizers/gpt2-style/tokenizer.json"),
      toPath: folder + "/tokenizer.json")
  }

  /// Sentences of random words.
  static func text(tokens: Int, _ random: inout SplitMix) -> String {
    var text = ""
    for number in 0..<tokens / 10 {
      let sentence = (0..<6).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
        .joined(separator: " ")
      text +=
        "\(number). "
        + "\(sentence.prefix(1).uppercased())\(sentence.dropFirst()).\(number % 12 == 11 ? "\n\n" : " ")"
    }

    return text
  }

  /// The same model with a prompt that opens its thoughts, which are drawn by a seed.
  static func teachThinking(_ folder: String, as other: String) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: other, withIntermediateDirectories: true)
    for name in try manager.contentsOfDirectory(atPath: folder) {
      try manager.createSymbolicLink(
        atPath: other + "/" + name, withDestinationPath: folder + "/" + name)
    }
    try ModelPrompt(
      source: "test",
      turns: .init(
        beforeSystem: [], beforeUser: [.text("\n\n")], beforeAnswer: [.text("\n\n<think>")]),
      thinking: .init(open: "<think>", close: "</think>", isOpened: true), stop: [],
      sampling: .init(temperature: 0.9, topP: 0.95)
    ).write(to: other)
  }

  /// What an undisturbed reading in this process answers.
  static func reference(_ reader: Answerer, text: String, name: String, question: String?) throws
    -> Answer
  {
    let document = Document(
      name: name, text: text,
      parts: [Document.Part(path: name, start: 0, length: text.unicodeScalars.count)])
    return try reader.read(document, task: question.map { .ask(Question($0)) } ?? .summarize())
  }
}

/// One order for a long answer from the reading, and the answer of an undisturbed worker.
struct LongAnswers {
  private static let most = 1500
  private static let question = "Which stone is red?"

  private let fleet: Fleet
  private let text: String
  private let model: String
  private let most: Int
  private let thinks: Int?
  let expected: String
  let reasoning: String?
  let tokens: Int

  /// Looks for a text that the random model has much to say about.
  /// - Parameter thinks: tokens of thoughts before a short answer.
  init(_ fleet: Fleet, seed: UInt64, thinks: Int? = nil) throws {
    var random = SplitMix(seed)
    let models = fleet.cluster.directory.path + "/models/"
    self.thinks = thinks
    most = thinks == nil ? Self.most : 40
    model = thinks == nil ? "tiny" : "thinking"
    if thinks != nil { try ChaosModel.teachThinking(models + "tiny", as: models + "thinking") }
    let reader = try Answerer(folder: models + model, threads: 1)
    var options = AnswerOptions()
    options.route = .reading
    options.mostTokens = most
    options.thinkTokens = thinks
    while true {
      let text = ChaosModel.text(tokens: 3_000, &random)
      let answer = try reader.read(
        Document(name: "long.txt", text: text), task: .ask(Question(Self.question)),
        options: options)
      guard answer.isSupported, answer.figures.generatedTokens >= most + (thinks ?? 0)
      else { continue }
      self.fleet = fleet
      self.text = text
      expected = answer.text
      reasoning = answer.reasoning.isEmpty ? nil : answer.reasoning
      tokens = answer.figures.generatedTokens
      return
    }
  }

  func submit() throws -> Int {
    try fleet.queue.jobs.submit(
      JobOrder(
        Document(name: "long.txt", text: text), .ask, question: Self.question, model: model,
        parameters: JobParameters(
          from: "reading", focused: nil, mostAnswerTokens: most, thinkTokens: thinks),
        again: true)
    ).id
  }
}
