import CoreMetrics
import Foundation
import Programs
import Results
import Synchronization
import Telemetry

/// What this worker has done, as a file for Prometheus's node exporter.
final class WorkerMetrics: Sendable {
  private static let seconds = 10.0

  private let registry = PrometheusMetrics()
  private let isStopping = Atomic<Bool>(false)
  private let alarm = Alarm()
  private let finished = DispatchSemaphore(value: 0)
  private let spool: String

  /// - Parameter spool: the folder whose entries are counted.
  init(spool: String = "") { self.spool = spool }

  private func count(_ name: String, _ labels: [(String, String)] = [], _ amount: Int = 1) {
    registry.makeCounter(label: name, dimensions: labels).increment(by: Int64(amount))
  }

  private func set(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
    registry.makeMeter(label: name, dimensions: labels).set(value)
  }

  // MARK: What happens

  func claimed() { count("docproc_claims_total") }

  /// - Parameter outcome: `completed`, `lost`, `failed`, `released` or `cancelled`.
  func ended(_ outcome: String) { count("docproc_jobs_finished_total", [("outcome", outcome)]) }

  func read(_ figures: ReadingFigures) {
    count("docproc_tokens_total", [("phase", "reading")], figures.tokensRead)
    count("docproc_tokens_total", [("phase", "reused")], figures.reusedTokens ?? 0)
    count("docproc_tokens_total", [("phase", "writing")], figures.generatedTokens)
    observe("docproc_phase_seconds", [("phase", "reading")], figures.seconds)
    observe("docproc_phase_seconds", [("phase", "writing")], figures.answerSeconds)
    if figures.tokensRead > 0 {
      set("docproc_reading_tokens_per_second", [], figures.tokensPerSecond)
    }
  }

  private func observe(_ name: String, _ labels: [(String, String)], _ seconds: Double) {
    registry.makeTimer(label: name, dimensions: labels).recordNanoseconds(Int64(seconds * 1e9))
  }

  func saved(checkpointBytes bytes: Int) {
    count("docproc_checkpoints_total")
    count("docproc_checkpoint_saved_bytes_total", [], bytes)
  }

  func databaseFailed() { count("docproc_database_errors_total") }

  // MARK: The file

  /// Writes the file now and then, on a thread of its own, until `stop`.
  func write(to path: String, worker: String) {
    Thread { [self] in
      while true {
        let isLast = isStopping.load(ordering: .relaxed)
        set("docproc_build_info", [("version", Version.text)], 1)
        set("docproc_spool_entries", [], Double(spooled))
        set("docproc_resident_memory_bytes", [("worker", worker)], Double(Self.residentBytes))
        // Whole or not at all: the exporter may read at any moment.
        try? Data(registry.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        if isLast { break }
        alarm.wait(seconds: Self.seconds)
      }
      finished.signal()
    }.start()
  }

  /// Ends the thread; the last numbers are written before.
  func stop() {
    isStopping.store(true, ordering: .relaxed)
    alarm.ring()
    finished.wait()
  }

  private var spooled: Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: spool)) ?? []
    return names.count { !$0.hasPrefix(".") }
  }

  private static var residentBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(getpagesize())
  }
}
