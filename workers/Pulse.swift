import Foundation
import Host
import Synchronization

/// Tells the host that this process gets on: systemd's watchdog (sd_notify(3)) and a file that
/// `docproc-worker health` looks at. The thread that does the work says so itself, since others
/// live on when it hangs.
final class Pulse: Sendable {
  /// From one sign to the next; systemd asks for more often than half of its own time.
  private static let usualSeconds = 10.0

  private let socket: String?
  private let seconds: Double
  private let file: String?
  private let last = Mutex<ContinuousClock.Instant?>(nil)

  /// A pulse that nobody feels.
  static let none = Pulse(socket: nil, seconds: usualSeconds, file: nil)

  private init(socket: String?, seconds: Double, file: String?) {
    self.socket = socket
    self.seconds = seconds
    self.file = file
  }

  /// - Parameters:
  ///   - environment: NOTIFY_SOCKET and WATCHDOG_USEC, as systemd gives them.
  ///   - folder: for the file; it is made, and one that cannot be is done without.
  convenience init(_ environment: [String: String], folder: String) {
    let watchdog = environment["WATCHDOG_USEC"].flatMap(Double.init).map { $0 / 1e6 / 4 }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    self.init(
      socket: environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 },
      seconds: min(max(watchdog ?? Self.usualSeconds, 0.1), Self.usualSeconds),
      file: folder + "/\(ProcessInfo.processInfo.processIdentifier)")
  }

  /// The worker is ready for jobs.
  func ready() {
    notify("READY=1")
    beat()
  }

  /// The worker was told to stop, and is saving what it has.
  func stopping() { notify("STOPPING=1") }

  /// Something was done. To be called as often as that is so; most calls cost nothing.
  func beat() {
    let now = ContinuousClock.now
    let isDue = last.withLock { last in
      if let last, now - last < .seconds(seconds) { return false }
      last = now
      return true
    }
    guard isDue else { return }
    notify("WATCHDOG=1")
    if let file { try? Data().write(to: URL(fileURLWithPath: file)) }
  }

  /// The process ends in order.
  func end() { if let file { try? FileManager.default.removeItem(atPath: file) } }

  private func notify(_ message: String) {
    guard let path = socket else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      target.copyBytes(from: bytes)
      // A name that begins with @ is in no file system.
      if bytes.first == UInt8(ascii: "@") { target[0] = 0 }
    }
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.utf8.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
