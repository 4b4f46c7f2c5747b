import Foundation

/// Where this process runs, as far as looking for other processes goes.
enum ProcessPlace {
  /// The host's boot and the name space of process ids: who shares both sees the same processes
  /// under the same ids. nil where the system tells neither.
  static var here: String? {
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    guard let boot, let space else { return nil }
    return boot.trimmingCharacters(in: .whitespacesAndNewlines) + " " + space
  }

  /// Whether a process of this place has ended. A zombie has; an id that another program got since
  /// belongs to nobody any more.
  static func hasEnded(_ process: Int, name: String) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
      return kill(pid_t(truncatingIfNeeded: process), 0) != 0 && errno == ESRCH
    }
    guard let open = status.firstIndex(of: "("), let close = status.lastIndex(of: ")") else {
      return false
    }
    let state = status[status.index(after: close)...].split(separator: " ").first
    // The kernel keeps fifteen bytes of a name.
    return state == "Z" || status[status.index(after: open)..<close] != name.prefix(15)
  }

  /// This program's name as the kernel has it.
  static var name: String {
    let own = try? String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
    return own?.trimmingCharacters(in: .newlines) ?? "docproc-worker"
  }
}
