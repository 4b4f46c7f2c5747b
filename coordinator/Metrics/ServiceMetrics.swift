import CoreMetrics
import Telemetry

/// What this process has done.
struct ServiceMetrics: Sendable {
  let registry: PrometheusMetrics

  /// - Parameter route: as it was registered, with names instead of ids.
  func count(request method: String, route: String, status: Int, seconds: Double) {
    let timer = CoreMetrics.Timer(
      label: "docproc_http_request_duration_seconds",
      dimensions: [("method", method), ("route", route), ("status", "\(status)")],
      factory: registry)
    timer.recordNanoseconds(Int64(seconds * 1e9))
  }
}
