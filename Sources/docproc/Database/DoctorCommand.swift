import ArgumentParser
import Documents
import Foundation
import Jobs
import Postgres
import Rendering

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check the database, its schema, jobs, workers and clocks.",
    discussion: """
      Looks for old snapshots, broken or unused indexes, dead rows, a schema that was changed by hand, dead workers, stuck jobs, jobs \
      that no worker can run, clocks that differ, and settings that may lose work. Exits with 1 when there is a problem.
      """)

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    let server: String
    let schema: Int
    let liveWorkers: Int
    let decoder: String
    let readings: Readings?
    let findings: [Finding]

    enum CodingKeys: String, CodingKey {
      case server, schema, decoder, readings, findings
      case liveWorkers = "live_workers"
    }

    var text: String {
      """
      server        \(server)
      schema        version \(schema)
      live workers  \(liveWorkers)
      decoder       \(decoder)
      readings      \(readings?.text ?? "this role may not look at them")
      \(findings.isEmpty ? "nothing to complain about" : findings.map { "\($0.level.rawValue): \(ForeignText.clean($0.found))\n  \(ForeignText.clean($0.remedy))" }.joined(separator: "\n"))
      """
    }
  }

  /// What is kept for later questions.
  private struct Readings: Encodable {
    let kept: Int
    let bytes: Int

    var text: String { kept == 0 ? "none kept" : "\(kept) kept, \(bytes >> 20) MiB" }
  }

  /// - Returns: nil where this role may not look at them.
  private func readings(_ jobs: Submitter) throws -> Readings? {
    do {
      let all = try jobs.readings()
      return Readings(kept: all.count, bytes: all.reduce(0) { $0 + $1.bytes })
    } catch PostgresError.query(sqlState: "42501", _, _) {
      return nil
    }
  }

  private var noWorker: Finding {
    Finding(
      check: "workers", level: .warning, found: "no worker is running: jobs wait",
      remedy: database.isEmbedded ? "docproc up" : "start docproc-worker on a host")
  }

  /// Where strangers' files could reach more than their own bytes.
  private var sandbox: [Finding] {
    let openings = Extractor().openings()
    guard !openings.isEmpty else { return [] }
    return [
      Finding(
        check: "sandbox", level: .warning,
        found: "readers of foreign formats are not shut in: " + openings.joined(separator: ", "),
        remedy: "a kernel with Landlock and seccomp; without them read trusted files alone")
    ]
  }

  func run() throws {
    let database = try database.open()
    let row = try database.connection.query(
      """
      select version() as server, (select max(version) from docproc.migration) as schema
      """
    ).first
    let live = try database.submitter.liveWorkers()
    let report = Report(
      server: try row?.text("server") ?? "", schema: try row?.integer("schema") ?? 0,
      liveWorkers: live,
      decoder: try database.operator.hasDecoder()
        ? "plpython3u"
        : "none: payloads are decoded by docproc result; see docproc db decoder --help",
      readings: try readings(database.submitter),
      findings: try database.operator.findings() + (live == 0 ? [noWorker] : [])
        + sandbox)
    output.print(report, text: report.text)
    if report.findings.contains(where: { $0.level == .problem }) { throw ExitCode.failure }
  }
}
