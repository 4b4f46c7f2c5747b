import Foundation
import Jobs
import Rendering

/// Jobs as a table, or as JSON.
enum JobTable {
  static func show(_ jobs: [JobStatus], _ output: OutputOptions) {
    let columns = Terminal.isTerminal(STDOUT_FILENO) ? Terminal.width(STDOUT_FILENO) : .max
    output.print(
      list: jobs, text: lines(jobs, columns: columns, now: Date()).joined(separator: "\n"))
  }

  private static let heads = ["job", "state", "task", "read", "left", "age"]

  /// - Parameter columns: of the terminal; no line is longer.
  static func lines(_ jobs: [JobStatus], columns: Int, now: Date) -> [String] {
    let rows = jobs.map { job in
      [
        String(job.id), job.state.rawValue, job.task, job.percent.map { "\(Int($0))%" } ?? "-",
        job.etaSeconds.map(duration) ?? "-", age(of: job, now),
      ]
    }
    let widths = heads.indices.map { column in
      ([heads[column].count] + rows.map { $0[column].count }).max() ?? 0
    }
    func line(_ cells: [String], _ rest: String) -> String {
      let cells = zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
      return Terminal.fitted(cells.joined(separator: "  ") + "  " + rest, columns: columns)
    }
    var lines = [line(heads, "document, question")]
    for (job, row) in zip(jobs, rows) {
      let question = job.question.map { ": " + ForeignText.clean($0) } ?? ""
      lines.append(line(row, ForeignText.clean(job.document) + question))
      if let error = job.error { lines.append("        " + ForeignText.clean(error)) }
    }
    return lines
  }

  /// All that is worth knowing of a job.
  static func card(_ job: JobStatus) -> String {
    var lines = [
      ("job", "\(job.id), \(job.state.rawValue)\(job.phase.map { ", " + $0 } ?? "")"),
      ("document", "\(ForeignText.clean(job.document)), \(job.documentBytes) bytes"),
      ("task", job.task),
    ]
    if let question = job.question { lines.append(("question", ForeignText.clean(question))) }
    lines.append(("model", ForeignText.clean(job.model)))
    if let percent = job.percent, let done = job.tokensRead, let total = job.documentTokens {
      let speed = job.tokensPerSecond.map { ", \(Int($0)) tokens/s" } ?? ""
      let left = job.etaSeconds.map { ", \(duration($0)) to go" } ?? ""
      lines.append(("read", "\(Int(percent))%, \(done) of \(total) tokens\(speed)\(left)"))
    }
    if let saved = job.checkpointTokens { lines.append(("saved", "\(saved) tokens")) }
    if job.priority != 0 { lines.append(("priority", "\(job.priority)")) }
    if let worker = job.worker { lines.append(("worker", ForeignText.clean(worker))) }
    lines.append(("created", job.createdAt))
    if let finished = job.finishedAt { lines.append(("finished", finished)) }
    if job.attempts > 1 || job.crashes > 0 {
      lines.append(("attempts", "\(job.attempts), \(job.crashes) crashes"))
    }
    if let error = job.error { lines.append(("error", ForeignText.clean(error))) }
    return lines.map { $0.padding(toLength: 10, withPad: " ", startingAt: 0) + $1 }
      .joined(separator: "\n")
  }

  private static func age(of job: JobStatus, _ now: Date) -> String {
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let created = try? format.parse(job.createdAt) else { return "-" }
    return duration(max(0, Int(now.timeIntervalSince(created))))
  }

  static func duration(_ seconds: Int) -> String {
    switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) d"
    }
  }
}
