import Foundation

/// The folders of the control groups that this process is in, which limit what it may use.
struct ControlGroups {
  private let root: String

  /// - Parameter root: before the system's own paths; DOCPROC_SYSTEM_ROOT unless given.
  init(root: String? = nil) {
    self.root = root ?? ProcessInfo.processInfo.environment["DOCPROC_SYSTEM_ROOT"] ?? ""
  }

  /// Of both versions, of a group and those that it is in. Within a container the path may lead
  /// nowhere: what is mounted at the top is its own group.
  func folders(of controller: String) -> [String] {
    let groups = (try? String(contentsOfFile: root + "/proc/self/cgroup", encoding: .utf8)) ?? ""
    return groups.split(separator: "\n").flatMap { line -> [String] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      return folders(controller, controllers: String(fields[1]), path: String(fields[2]))
    }
  }

  private func folders(_ wanted: String, controllers: String, path: String) -> [String] {
    guard controllers.isEmpty || controllers.split(separator: ",").contains(Substring(wanted))
    else { return [] }
    let mounts =
      controllers.isEmpty
      ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
      : ["/sys/fs/cgroup/" + controllers, "/sys/fs/cgroup/" + wanted]
    var parts = path.split(separator: "/")
    var folders: [String] = []
    while true {
      let group = parts.map { "/" + $0 }.joined()
      folders += mounts.map { root + $0 + group }
      if parts.isEmpty { return folders }
      parts.removeLast()
    }
  }

  /// What a file says; nil where there is none.
  static func text(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// Bytes of memory that this process may use: the host's, and no more than a container's share.
struct MemoryLimit {
  private let groups: ControlGroups

  /// - Parameter root: as of `ControlGroups`.
  init(root: String? = nil) { groups = ControlGroups(root: root) }

  var usable: Int {
    let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return ([physical] + groups.folders(of: "memory").compactMap(Self.limit)).min() ?? physical
  }

  /// `memory.max` of version 2, where no limit is the word max; of version 1, where it is a number
  /// that no host has.
  private static func limit(in folder: String) -> Int? {
    let names = ["memory.max", "memory.limit_in_bytes"]
    let limits = names.compactMap { ControlGroups.text(folder + "/" + $0).flatMap(Int.init) }
    return limits.filter { $0 > 0 }.min()
  }
}
