import Documents
import Foundation
import Jobs
import Postgres
import Results

/// Empty jobs through docproc's queue: submitted one by one, claimed and completed in batches, by
/// one process with one connection.
///
///     queue-bench URL JOBS BATCH           JSON: jobs a second of each phase
///     queue-bench URL latency JOBS RATE    JSON: quantiles of claim times, one job at a time, so
///     many a second
@main
struct QueueBench {
  static func main() throws {
    let words = CommandLine.arguments
    guard words.count >= 4 else { throw Usage() }
    let bench = QueueBench(queue: try PostgresWorkerQueue(url: words[1]))
    if words[2] == "latency", words.count == 5, let jobs = Int(words[3]),
      let rate = Double(words[4])
    {
      return try bench.latency(jobs, rate)
    }
    guard words.count == 4, let jobs = Int(words[2]), let batch = Int(words[3]) else {
      throw Usage()
    }
    try bench.throughput(jobs, batch)
  }

  struct Usage: Error, CustomStringConvertible {
    var description: String {
      "usage: queue-bench URL JOBS BATCH | queue-bench URL latency JOBS RATE"
    }
  }

  let queue: PostgresWorkerQueue
  private let worker = UUID()

  private func submit(_ number: Int) throws {
    _ = try queue.database.submitter.submit(
      JobOrder(Document(name: "empty", text: "."), .summarize, model: "none", again: true))
  }

  private func record(_ job: ClaimedJob) -> ResultRecord {
    ResultRecord(
      task: "summarize", question: nil,
      document: .init(name: "empty", sha256: job.sha256, bytes: 1, tokens: 1), answer: "",
      supported: true,
      evidence: [], model: .init(name: "none", sha256: "0"), reading: ReadingFigures(),
      worker: "bench")
  }

  private func register() throws {
    try queue.register(
      WorkerCard(
        id: worker, name: "bench", host: "bench", process: 1, models: ["none"], takesPaths: false))
  }

  private func throughput(_ jobs: Int, _ batch: Int) throws {
    try register()
    let submitting = try seconds { for number in 0..<jobs { try submit(number) } }
    var done = 0
    let working = try seconds {
      while true {
        let claimed = try queue.claim(
          atMost: batch, worker: worker, models: ["none"], takesPaths: false)
        if claimed.isEmpty { break }
        done += try queue.complete(
          claimed.map { FinishedJob(claim: $0.claim, record: record($0)) }
        ).count { $0 }
      }
    }
    try queue.unregister(worker: worker)
    guard done == jobs else {
      throw PostgresError.unexpectedResult("\(done) of \(jobs) jobs were completed")
    }
    print(
      #"{"system": "docproc", "jobs": \#(jobs), "batch": \#(batch), "submit": \#(rate(jobs, submitting)), "work": \#(rate(jobs, working))}"#
    )
  }

  private func latency(_ jobs: Int, _ rate: Double) throws {
    try register()
    var times: [Double] = []
    for number in 0..<jobs {
      let next = Date().addingTimeInterval(1 / rate)
      try submit(number)
      var job: ClaimedJob?
      times.append(try seconds { job = try queue.claim(worker: worker, models: ["none"]) } * 1000)
      guard let job else { throw PostgresError.unexpectedResult("no job to claim") }
      _ = try queue.complete(job.claim, record(job))
      Thread.sleep(until: next)
    }

    try queue.unregister(worker: worker)
    times.sort()
    func at(_ share: Double) -> String {
      String(format: "%.3f", times[Int(share * Double(times.count - 1))])
    }
    print(
      #"{"claims": \#(jobs), "p50_ms": \#(at(0.5)), "p90_ms": \#(at(0.9)), "p99_ms": \#(at(0.99)), "max_ms": \#(at(1))}"#
    )
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  private func rate(_ jobs: Int, _ seconds: Double) -> String {
    String(format: "%.0f", Double(jobs) / seconds)
  }
}
