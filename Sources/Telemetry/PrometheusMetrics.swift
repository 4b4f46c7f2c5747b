package import CoreMetrics
import Synchronization

/// Metrics in memory, and as Prometheus reads them (text format 0.0.4).
package final class PrometheusMetrics: MetricsFactory, Sendable {
  /// Upper bounds of what is measured in seconds.
  package static let bounds = [
    0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 36_000,
  ]

  private let families = Mutex<[String: Family]>([:])

  /// The metrics of one name.
  private struct Family {
    let kind: Kind
    var series: [Labels: Series] = [:]
  }

  private enum Kind: String { case counter, gauge, histogram }

  /// Labels in their order, as text.
  private struct Labels: Hashable, Comparable {
    let text: String

    init(_ dimensions: [(String, String)]) {
      text = dimensions.sorted { $0.0 < $1.0 }
        .map { "\(PrometheusText.name($0.0))=\"\(PrometheusText.escaped($0.1))\"" }
        .joined(separator: ",")
    }

    static func < (left: Labels, right: Labels) -> Bool { left.text < right.text }
  }

  /// One line's values: of a counter or a gauge the sum alone.
  private final class Series: Sendable {
    struct Values {
      var sum = 0.0
      var count = 0
      var buckets: [Int] = []
    }

    let values: Mutex<Values>

    init(isHistogram: Bool) {
      let count = isHistogram ? PrometheusMetrics.bounds.count : 0
      values = Mutex(Values(buckets: [Int](repeating: 0, count: count)))
    }

    func add(_ amount: Double) { values.withLock { $0.sum += amount } }
    func set(_ value: Double) { values.withLock { $0.sum = value } }

    func observe(_ value: Double) {
      values.withLock { values in
        values.sum += value
        values.count += 1
        for (index, bound) in PrometheusMetrics.bounds.enumerated() where value <= bound {
          values.buckets[index] += 1
        }
      }
    }
  }

  package init() {}

  private func series(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind
  ) -> Series {
    families.withLock { families in
      let name = PrometheusText.name(label)
      var family = families[name] ?? Family(kind: kind)
      let labels = Labels(dimensions)
      let series = family.series[labels] ?? Series(isHistogram: family.kind == .histogram)
      family.series[labels] = series
      families[name] = family
      return series
    }
  }

  // MARK: As swift-metrics asks for them

  package func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler { Counting(series: series(label, dimensions, .counter)) }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    Metering(series: series(label, dimensions, .gauge))
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    aggregate
      ? Observing(series: series(label, dimensions, .histogram))
      : Setting(series: series(label, dimensions, .gauge))
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    Timing(series: series(label, dimensions, .histogram))
  }

  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}

  private final class Counting: CounterHandler {
    let series: Series
    init(series: Series) { self.series = series }
    func increment(by amount: Int64) { series.add(Double(amount)) }
    func reset() { series.set(0) }
  }

  private final class Metering: MeterHandler {
    let series: Series
    init(series: Series) { self.series = series }
    func set(_ value: Int64) { series.set(Double(value)) }
    func set(_ value: Double) { series.set(value) }
    func increment(by amount: Double) { series.add(amount) }
    func decrement(by amount: Double) { series.add(-amount) }
  }

  private final class Setting: RecorderHandler {
    let series: Series
    init(series: Series) { self.series = series }
    func record(_ value: Int64) { series.set(Double(value)) }
    func record(_ value: Double) { series.set(value) }
  }

  private final class Observing: RecorderHandler {
    let series: Series
    init(series: Series) { self.series = series }
    func record(_ value: Int64) { series.observe(Double(value)) }
    func record(_ value: Double) { series.observe(value) }
  }

  private final class Timing: TimerHandler {
    let series: Series
    init(series: Series) { self.series = series }
    func recordNanoseconds(_ duration: Int64) { series.observe(Double(duration) / 1e9) }
  }

  // MARK: As text

  /// All metrics, by their names.
  package var text: String {
    let known = families.withLock { $0 }
    var text = PrometheusText()
    for (name, family) in known.sorted(by: { $0.key < $1.key }) {
      text.begin(name, family.kind.rawValue)
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        let values = series.values.withLock { $0 }
        if family.kind == .histogram {
          add(values, name, labels.text, to: &text)
        } else {
          text.add(name, labels: labels.text, values.sum)
        }
      }
    }
    return text.text
  }

  private func add(
    _ values: Series.Values, _ name: String, _ labels: String, to text: inout PrometheusText
  ) {
    let before = labels.isEmpty ? "" : labels + ","
    for (bound, count) in zip(Self.bounds, values.buckets) {
      text.add(
        name + "_bucket", labels: "\(before)le=\"\(PrometheusText.number(bound))\"", Double(count))
    }
    text.add(name + "_bucket", labels: before + "le=\"+Inf\"", Double(values.count))
    text.add(name + "_sum", labels: labels, values.sum)
    text.add(name + "_count", labels: labels, Double(values.count))
  }
}

/// Lines as Prometheus reads them.
package struct PrometheusText {
  package private(set) var text = ""

  package init() {}

  /// Begins the lines of a metric.
  /// - Parameter kind: `counter`, `gauge` or `histogram`.
  package mutating func begin(_ name: String, _ kind: String) {
    text += "# HELP \(name) \(MetricNames.help[name] ?? name)\n# TYPE \(name) \(kind)\n"
  }

  /// - Parameter labels: `a="b",c="d"`, escaped already.
  package mutating func add(_ name: String, labels: String, _ value: Double) {
    text += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(Self.number(value))\n"
  }

  package static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return Int(exactly: value).map(String.init) ?? "\(value)"
  }

  package static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  /// Names of swift-metrics may have dots and lines in them.
  package static func name(_ name: String) -> String {
    String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}
