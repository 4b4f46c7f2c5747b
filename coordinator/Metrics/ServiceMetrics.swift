import Synchronization

/// What this process has done.
final class ServiceMetrics: Sendable {
  /// Upper bounds of a request's seconds.
  static let bounds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

  struct Route: Hashable, Sendable {
    let method: String
    let route: String
    let status: Int
  }

  struct Histogram: Sendable {
    var counts = [Int](repeating: 0, count: ServiceMetrics.bounds.count)
    var count = 0
    var sum = 0.0

    mutating func add(_ value: Double) {
      count += 1
      sum += value
      for (index, bound) in ServiceMetrics.bounds.enumerated() where value <= bound {
        counts[index] += 1
      }
    }
  }

  private let requests = Mutex<[Route: Histogram]>([:])

  /// - Parameter route: as it was registered, with names instead of ids.
  func count(request method: String, route: String, status: Int, seconds: Double) {
    let key = Route(method: method, route: route, status: status)
    requests.withLock { $0[key, default: Histogram()].add(seconds) }
  }

  var snapshot: [Route: Histogram] { requests.withLock { $0 } }
}
