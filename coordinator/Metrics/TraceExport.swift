import AsyncHTTPClient
import Foundation
import Jobs
import Logging
import NIOCore
import NIOHTTP1
import Programs
import ServiceLifecycle

/// Tells a collector of finished jobs, as spans: how long each waited, was read, and was answered
/// (OTLP 1.x over HTTP, in JSON). What happened stands in the database, so that workers need not
/// know of collectors.
struct TraceExport: Service {
  private static let pause = 5.0

  let pool: DatabasePool
  /// Of the collector: `http://host:4318/v1/traces`.
  let endpoint: String
  let logger: Logger

  /// As OpenTelemetry's variables say; nil where they say nothing.
  static func endpoint(_ environment: [String: String]) -> String? {
    if let whole = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], !whole.isEmpty {
      return whole
    }
    guard let base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"], !base.isEmpty else { return nil }
    return (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/v1/traces"
  }

  func run() async throws {
    await Repeating.run("telling traces", everySeconds: Self.pause, logger) {
      try await export()
      return false
    }
  }

  private func export() async throws {
    let jobs = try await pool.run { try $0.serviceUpkeep.dueTraces() }
    guard !jobs.isEmpty else { return }
    var request = HTTPClientRequest(url: endpoint)
    request.method = .POST
    request.headers.add(name: "content-type", value: "application/json")
    request.body = .bytes(ByteBuffer(string: Self.body(jobs).text))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(15))
    guard (200..<300).contains(response.status.code) else {
      logger.warning(
        "the collector refused traces", metadata: ["status": "\(response.status.code)"])
      return
    }
  }

  static func body(_ jobs: [TracedJob]) -> JSON {
    [
      "resourceSpans": [
        [
          "resource": [
            "attributes": attributes([
              ("service.name", "docproc"), ("service.version", .string(Version.text)),
            ])
          ],
          "scopeSpans": [
            ["scope": ["name": "docproc"], "spans": .array(jobs.flatMap(spans))]
          ],
        ]
      ]
    ]
  }

  private static func attributes(_ pairs: [(String, JSON)]) -> JSON {
    .array(
      pairs.compactMap { key, value in
        switch value {
        case .string: ["key": .string(key), "value": ["stringValue": value]]
        // 64-bit numbers are texts in protobuf's JSON.
        case .integer(let number):
          ["key": .string(key), "value": ["intValue": .string("\(number)")]]
        default: nil
        }
      })
  }

  /// The job, and within it the wait, the reading and the answer.
  private static func spans(_ job: TracedJob) -> [JSON] {
    let parts = job.parent.split(separator: "-").map(String.init)
    guard parts.count == 4 else { return [] }
    let root = spanID(job, 0)
    func span(
      _ number: Int, _ name: String, _ from: Double, _ to: Double, parent: String,
      _ pairs: [(String, JSON)] = []
    ) -> JSON {
      [
        "traceId": .string(parts[1]), "spanId": .string(spanID(job, number)),
        "parentSpanId": .string(parent), "name": .string(name), "kind": .integer(1),
        "startTimeUnixNano": .string("\(Int(from * 1e9))"),
        "endTimeUnixNano": .string("\(Int(max(from, to) * 1e9))"), "attributes": attributes(pairs),
        "status": number == 0 && job.state == "failed"
          ? ["code": 2, "message": .string(job.error ?? "")] : .object([:]),
      ]
    }
    let begun = job.claimedAt ?? job.finishedAt
    let read = begun + (job.readSeconds ?? 0)
    var spans = [
      span(
        0, "job", job.orderedAt, job.finishedAt, parent: parts[2],
        [
          ("docproc.job", .integer(job.job)), ("docproc.task", .string(job.task)),
          ("docproc.model", .string(job.model)), ("docproc.state", .string(job.state)),
          ("docproc.document_bytes", .integer(job.documentBytes)),
        ]),
      span(1, "wait", job.orderedAt, begun, parent: root),
    ]
    guard job.readSeconds != nil else { return spans }
    let worker = JSON(job.worker)
    spans.append(
      span(
        2, "read", begun, read, parent: root,
        [("docproc.tokens", JSON(job.tokensRead)), ("docproc.worker", worker)]))
    spans.append(
      span(3, "answer", read, job.finishedAt, parent: root, [("docproc.worker", worker)]))
    return spans
  }

  /// The same for the same job, whoever tells it.
  private static func spanID(_ job: TracedJob, _ number: Int) -> String {
    let value = UInt64(bitPattern: Int64(job.job)) &* 4 &+ UInt64(number) &+ 1
    let mixed = value &* 0x9E37_79B9_7F4A_7C15
    let text = String(mixed, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  /// A trace for a request that brought none.
  static func newParent() -> String {
    func digits(_ count: Int) -> String {
      String((0..<count).map { _ in "0123456789abcdef".randomElement() ?? "0" })
    }
    return "00-\(digits(32))-\(digits(16))-01"
  }
}
