import CKernels
import Foundation

/// How many CPUs this process may use: those of its affinity, and no more than a container's share
/// of time. A pod with two CPUs on a host with 64 computes with two threads.
struct CPULimit {
  private let root: String

  /// - Parameter root: before the system's own paths; DOCPROC_SYSTEM_ROOT unless given.
  init(root: String? = nil) {
    self.root = root ?? ProcessInfo.processInfo.environment["DOCPROC_SYSTEM_ROOT"] ?? ""
  }

  var usable: Int {
    let own = max(1, Int(usable_cpu_count()))
    return quota.map { min(own, max(1, Int($0.rounded(.up)))) } ?? own
  }

  /// CPUs that the process's control groups leave it; nil where nothing is limited.
  var quota: Double? {
    let groups = (try? String(contentsOfFile: root + "/proc/self/cgroup", encoding: .utf8)) ?? ""
    let quotas = groups.split(separator: "\n").flatMap { line -> [Double] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      return self.quotas(controllers: String(fields[1]), path: String(fields[2]))
    }
    return quotas.min()
  }

  /// Of a group and those that it is in. Within a container the path may lead nowhere: what is
  /// mounted at the top is its own group.
  private func quotas(controllers: String, path: String) -> [Double] {
    guard controllers.isEmpty || controllers.split(separator: ",").contains("cpu") else {
      return []
    }
    let mounts =
      controllers.isEmpty
      ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
      : ["/sys/fs/cgroup/" + controllers, "/sys/fs/cgroup/cpu"]
    var parts = path.split(separator: "/")
    var quotas: [Double] = []
    while true {
      let group = parts.map { "/" + $0 }.joined()
      quotas += mounts.compactMap { quota(in: root + $0 + group) }
      if parts.isEmpty { return quotas }
      parts.removeLast()
    }
  }

  /// `cpu.max` of version 2, two files of version 1.
  private func quota(in folder: String) -> Double? {
    if let line = text(folder + "/cpu.max") {
      let words = line.split(separator: " ").compactMap { Double($0) }
      return words.count == 2 && words[0] > 0 && words[1] > 0 ? words[0] / words[1] : nil
    }
    guard let quota = text(folder + "/cpu.cfs_quota_us").flatMap(Double.init), quota > 0,
      let period = text(folder + "/cpu.cfs_period_us").flatMap(Double.init), period > 0
    else { return nil }
    return quota / period
  }

  private func text(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
