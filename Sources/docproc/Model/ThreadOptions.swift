import ArgumentParser

/// With how many threads a command computes.
struct ThreadOptions: ParsableArguments {
  static let limits = 0...1024

  @Option(help: "Threads; 0 means all CPUs.")
  var threads = 0

  func validate() throws {
    guard Self.limits.contains(threads) else {
      throw ValidationError("--threads is \(threads), but must be within \(Self.limits)")
    }
  }
}
