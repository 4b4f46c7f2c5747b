import Logging
import ServiceLifecycle

/// Work that goes on until the process is told to end; what fails is tried again the next time.
enum Repeating {
  /// - Parameters:
  ///   - what: as the log names it.
  ///   - body: done again at once where it returns true.
  static func run(
    _ what: String, everySeconds pause: Double, _ logger: Logger,
    _ body: @escaping @Sendable () async throws -> Bool
  ) async {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          if try await body() { continue }
        } catch {
          logger.warning("\(what) failed", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: .seconds(pause))
      }
    }
  }
}
