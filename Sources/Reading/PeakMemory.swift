import Foundation
import Inference

/// The process's peak resident memory, from Linux's /proc.
package enum PeakMemory {
  /// Makes the peak count from now, so that one reading's is not an earlier one's; what was
  /// freed before goes back to the system first.
  package static func reset() {
    ReadingState.returnFreedMemory()
    guard let handle = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
    try? handle.write(contentsOf: Data("5".utf8))
    try? handle.close()
  }

  /// Bytes; 0 where /proc does not tell.
  package static var bytes: Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
        .flatMap({ Int($0) })
    else { return 0 }
    return kilobytes * 1024
  }
}
