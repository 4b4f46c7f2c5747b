import Foundation
import Jobs

/// Shows a job's progress: a line that is redrawn on a terminal, else one at each change
/// worth telling. Written to standard error, so that output can be piped.
struct ProgressLine {
  private static let bar = 30
  private static let plainStep = 10.0

  private let isTerminal = Terminal.isTerminal(STDERR_FILENO)
  private let isQuiet: Bool
  private var lastState: JobState?
  private var lastPhase: String?
  private var lastPercent = -plainStep
  private var first: (tokens: Int, at: Date)?
  private var writingSince: Date?
  private var stream = WrittenText()

  init(quiet: Bool) { isQuiet = quiet }

  /// - Parameter hasWorker: false where nobody is alive to do the job.
  mutating func show(_ job: JobStatus, hasWorker: Bool = true) {
    guard !isQuiet else { return }

    if job.phase == "writing", let written = job.written {
      lastPhase = job.phase
      return stream.show(written, begin: isTerminal ? "\r\u{1b}[K" : "")
    }
    let parts = describe(job, hasWorker)
    if isTerminal {
      write("\r\u{1b}[K" + Self.line(parts, columns: Terminal.width(STDERR_FILENO) - 1))
    } else if job.state != lastState || job.phase != lastPhase
      || (job.percent ?? 0) >= lastPercent + Self.plainStep
    {
      write(Self.line(parts.filter { !$0.isBar }, columns: .max) + "\n")
      lastPercent = job.percent ?? 0
    }

    lastState = job.state
    lastPhase = job.phase
  }

  mutating func finish() {
    guard !isQuiet else { return }
    if stream.isShown { return write("\n") }
    if isTerminal { write("\r\u{1b}[K") }
  }

  /// A piece of the line; those of a higher rank are left out first.
  struct Part {
    let text: String
    let rank: Int
    var isBar = false
  }

  /// As much as fits in so many columns, and never more: a line that wraps cannot be redrawn.
  static func line(_ parts: [Part], columns: Int) -> String {
    var parts = parts
    func text() -> String { parts.map(\.text).joined(separator: " ") }
    while text().count > columns, let least = parts.map(\.rank).max(), least > 0 {
      parts.removeAll { $0.rank == least }
    }
    return Terminal.fitted(text(), columns: columns)
  }

  private mutating func describe(_ job: JobStatus, _ hasWorker: Bool) -> [Part] {
    let name = Part(text: "job \(job.id)", rank: 0)
    guard job.state == .running else {
      let why = hasWorker ? "" : "; no worker is alive"
      return [name, Part(text: Self.waiting(job) + why, rank: 0)]
    }
    if job.phase == "writing" {
      let since = writingSince ?? Date()
      writingSince = since
      let seconds = Int(Date().timeIntervalSince(since))
      let tokens = job.writtenTokens ?? 0
      return [
        name, Part(text: "answering", rank: 0), Part(text: "for \(seconds) s", rank: 1),
        Part(text: tokens > 0 ? "(\(tokens) tokens)" : "(looking at the passages)", rank: 2),
      ]
    }
    guard let percent = job.percent, let total = job.documentTokens, let done = job.tokensRead
    else { return [name, Part(text: "preparing", rank: 0)] }
    let (rate, left) = speed(done, total)
    return [
      name, Part(text: "reading", rank: 0), Part(text: bar(percent), rank: 4, isBar: true),
      Part(text: "\(Int(percent))%", rank: 0),
      Part(text: "\(done) of \(total) tokens", rank: 2),
      Part(text: rate, rank: 3), Part(text: left, rank: 1),
    ].filter { !$0.text.isEmpty }
  }

  private static func waiting(_ job: JobStatus) -> String {
    guard job.state == .available, let saved = job.checkpointTokens, saved > 0 else {
      return job.state == .available ? "waits for a worker" : "is \(job.state.rawValue)"
    }
    return "made way; \(saved) tokens are read and saved"
  }

  private func bar(_ percent: Double) -> String {
    let filled = Int(percent / 100 * Double(Self.bar))
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: "-", count: Self.bar - filled) + "]"
  }

  private mutating func speed(_ done: Int, _ total: Int) -> (rate: String, left: String) {
    guard let first else {
      first = (done, Date())
      return ("", "")
    }

    let seconds = Date().timeIntervalSince(first.at)
    guard done > first.tokens, seconds > 1 else { return ("", "") }
    let rate = Double(done - first.tokens) / seconds
    return ("\(Int(rate)) tokens/s", "\(Int(Double(total - done) / rate)) s to go")
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
