import Dispatch
import Foundation
import Synchronization

/// SIGTERM and SIGINT as a wish to stop; the second one ends the process.
final class StopSignal: Sendable {
  private let requested = Atomic<Bool>(false)

  private let bell = Alarm()

  /// Becomes readable when a stop is requested.
  var alarm: Int32 { bell.descriptor }

  var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Takes over both signals for the process's lifetime.
  func install() {
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        if requested.exchange(true, ordering: .relaxed) { exit(128 + number) }
        bell.ring()
      }
      source.resume()
      // A source lives as long as somebody holds it.
      Self.sources.withLock { $0.append(Source(source)) }
    }
  }

  private static let sources = Mutex<[Source]>([])

  /// Dispatch sources may be used from any thread; the protocol does not say so.
  private struct Source: @unchecked Sendable {
    let source: any DispatchSourceSignal
    init(_ source: any DispatchSourceSignal) { self.source = source }
  }
}
