import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import Programs
import Synchronization
import Telemetry

/// `/metrics`, as Prometheus reads it.
struct MetricsRoutes: Sendable {
  let pool: DatabasePool
  let watch: JobWatch
  let own: PrometheusMetrics
  let fleet: FleetGauges

  func add(to router: Router<ServiceContext>) {
    router.get("metrics") { _, _ in
      let text = try await text()
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: .init(byteBuffer: ByteBuffer(string: text)))
    }
  }

  private func text() async throws -> String {
    var text = PrometheusText()
    text.begin("docproc_build_info", "gauge")
    text.add("docproc_build_info", labels: "version=\"\(Version.text)\"", 1)
    text.begin("docproc_http_followers", "gauge")
    text.add("docproc_http_followers", labels: "", Double(await watch.count))
    text.begin("docproc_database_errors_total", "counter")
    text.add("docproc_database_errors_total", labels: "", Double(pool.errorCount))
    // A database that is out of reach is one more thing to be told, and no reason to tell nothing.
    let gauges = (try? await fleet.current()) ?? []
    for (name, lines) in Dictionary(grouping: gauges, by: \.name).sorted(by: { $0.key < $1.key }) {
      text.begin(name, "gauge")
      for line in lines.map({ ($0, Self.labels($0.labels)) }).sorted(by: { $0.1 < $1.1 }) {
        text.add(name, labels: line.1, line.0.value)
      }
    }
    return text.text + own.text
  }

  private static func labels(_ labels: [String: String]) -> String {
    labels.sorted { $0.key < $1.key }
      .map { "\($0.key)=\"\(PrometheusText.escaped($0.value))\"" }.joined(separator: ",")
  }
}

/// Numbers about the queue: however often they are asked for, the database is asked now and then.
actor FleetGauges {
  private static let life = 10.0

  private let pool: DatabasePool
  private var known: (gauges: [FleetMetric], at: ContinuousClock.Instant)?

  init(pool: DatabasePool) { self.pool = pool }

  func current() async throws -> [FleetMetric] {
    if let known, (ContinuousClock.now - known.at) / .seconds(1) < Self.life {
      return known.gauges
    }
    let gauges = try await pool.run { try $0.serviceUpkeep.metrics() }
    known = (gauges, .now)
    return gauges
  }
}
