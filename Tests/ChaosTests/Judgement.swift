import Results
import Foundation
import Jobs
import Answering
import Reading
import Retrieval
import TestSupport
import Testing

/// Whether chaos can be had in full: `make chaos` says so, `make test` takes little of each.
enum ChaosScale {
  static let isFull = ProcessInfo.processInfo.environment["DOCPROC_CHAOS"] == "full"
  static let seed = UInt64(ProcessInfo.processInfo.environment["DOCPROC_CHAOS_SEED"] ?? "") ?? 1

  static func of(_ short: Int, full: Int) -> Int { isFull ? full : short }

  /// A line for the table in docs/chaos.md.
  static func report(_ line: String) { print("CHAOS \(line)") }
}

extension Fleet {
  /// All jobs are complete, each once, with the answer of an undisturbed reading; nobody wrote who
  /// had no right to, and no checkpoint was wasted.
  func judge(_ jobs: [Int]) throws {
    stopAll()
    let reader = try Answerer(folder: cluster.directory.path + "/models/tiny", threads: 1)
    for id in jobs {
      let status = try queue.jobs.status(id)
      #expect(status.state == .completed, "job \(id): \(status)")
      guard status.state == .completed else { continue }
      let record = try queue.jobs.result(id)
      let expected = try ChaosModel.reference(
        reader, text: try queue.jobs.documentText(id), name: status.document,
        question: status.question)
      #expect(
        record.answer == expected.text && record.evidence == expected.evidence,
        "job \(id), \(record.reading)")
    }

    let log = try WriteLog.entries(queue)
    #expect(Invariants.violations(log) == [])
    #expect(Set(log.filter { $0.kind == .result }.map(\.job)) == Set(jobs))
    #expect(try count("select count(*) from docproc.claim") == 0)
    #expect(try count("select count(*) from docproc.checkpoint") == 0)
  }
}

/// Seconds at ranks of a sample.
struct Quantiles {
  private let sorted: [Double]
  init(_ values: [Double]) { sorted = values.sorted() }

  /// The smallest value that at least this share of the sample does not exceed.
  func at(_ share: Double) -> Double {
    sorted.isEmpty
      ? 0
      : sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
  }
}
