/// Means and how far they can be trusted.
enum Statistics {
  static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(values.count, 1))
  }

  /// The mean of paired differences, and its standard error.
  static func gain(of values: [Double], over others: [Double]) -> (mean: Double, error: Double) {
    let differences = zip(values, others).map { $0 - $1 }
    let mean = mean(differences)
    let count = Double(max(differences.count, 2))
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / (count - 1) / count).squareRoot())
  }
}
