import CKernels

/// How many CPUs this process may use: those of its affinity, and no more than a container's share
/// of time. A pod with two CPUs on a host with 64 computes with two threads.
struct CPULimit {
  private let groups: ControlGroups

  /// - Parameter root: as of `ControlGroups`.
  init(root: String? = nil) { groups = ControlGroups(root: root) }

  var usable: Int {
    let own = max(1, Int(usable_cpu_count()))
    return quota.map { min(own, max(1, Int($0.rounded(.up)))) } ?? own
  }

  /// CPUs that the process's control groups leave it; nil where nothing is limited.
  var quota: Double? { groups.folders(of: "cpu").compactMap(Self.quota).min() }

  /// `cpu.max` of version 2, two files of version 1.
  private static func quota(in folder: String) -> Double? {
    if let line = ControlGroups.text(folder + "/cpu.max") {
      let words = line.split(separator: " ").compactMap { Double($0) }
      return words.count == 2 && words[0] > 0 && words[1] > 0 ? words[0] / words[1] : nil
    }
    let quota = ControlGroups.text(folder + "/cpu.cfs_quota_us").flatMap(Double.init)
    let period = ControlGroups.text(folder + "/cpu.cfs_period_us").flatMap(Double.init)
    guard let quota, quota > 0, let period, period > 0 else { return nil }
    return quota / period
  }
}
