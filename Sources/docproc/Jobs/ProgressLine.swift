import Foundation
import Jobs

/// Shows a job's progress: a bar that is redrawn on a terminal, else a line at each change
/// worth telling. Written to standard error, so that output can be piped.
struct ProgressLine {
  private static let width = 30
  private static let plainStep = 10.0

  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let isQuiet: Bool
  private var lastState: JobState?
  private var lastPhase: String?
  private var lastPercent = -plainStep
  private var first: (tokens: Int, at: Date)?
  private var stream = WrittenText()

  init(quiet: Bool) { isQuiet = quiet }

  mutating func show(_ job: JobStatus) {
    guard !isQuiet else { return }

    if job.phase == "writing", let written = job.written {
      lastPhase = job.phase
      return stream.show(written, begin: isTerminal ? "\r\u{1b}[K" : "")
    }
    let text = describe(job)
    if isTerminal {
      write("\r\u{1b}[K\(text)")
    } else if job.state != lastState || job.phase != lastPhase
      || (job.percent ?? 0) >= lastPercent + Self.plainStep
    {
      write(text + "\n")
      lastPercent = job.percent ?? 0
    }

    lastState = job.state
    lastPhase = job.phase
  }

  mutating func finish() {
    if stream.isShown { return write("\n") }
    if isTerminal, !isQuiet { write("\r\u{1b}[K") }
  }

  private mutating func describe(_ job: JobStatus) -> String {
    if job.state == .running, job.phase == "writing", let tokens = job.writtenTokens {
      return "job \(job.id) writing, \(tokens) tokens"
    }
    guard job.state == .running, let percent = job.percent, let total = job.documentTokens,
      let done = job.tokensRead
    else {
      return "job \(job.id) \(job.state.rawValue)"
    }
    return
      "job \(job.id) reading \(bar(percent)) \(Int(percent))%  \(done) of \(total) "
      + "tokens\(speed(done, total))"
  }

  private func bar(_ percent: Double) -> String {
    guard isTerminal else { return "" }
    let filled = Int(percent / 100 * Double(Self.width))
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: "-", count: Self.width - filled) + "]"
  }

  private mutating func speed(_ done: Int, _ total: Int) -> String {
    guard let first else {
      first = (done, Date())
      return ""
    }

    let seconds = Date().timeIntervalSince(first.at)
    guard done > first.tokens, seconds > 1 else { return "" }
    let rate = Double(done - first.tokens) / seconds
    return ", \(Int(rate)) tokens/s, \(Int(Double(total - done) / rate)) s to go"
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
