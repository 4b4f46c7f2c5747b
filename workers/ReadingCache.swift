import Foundation

/// Kept readings' states on this host's disk, so that asking again fetches nothing: the least
/// recently used go first, and all that nobody used for a month. Workers of one host may share the
/// folder.
struct ReadingCache: Sendable {
  let folder: String
  /// Of all its files together; 0: nothing is kept here.
  let mostBytes: Int

  private func path(_ sha256: String) -> String { "\(folder)/\(sha256).state" }

  /// The compressed state whose raw bytes have this digest, as it was stored: the caller compares.
  func payload(_ sha256: String) -> [UInt8]? {
    guard mostBytes > 0, let data = FileManager.default.contents(atPath: path(sha256)) else {
      return nil
    }
    try? FileManager.default.setAttributes(
      [.modificationDate: Date()], ofItemAtPath: path(sha256))
    return Array(data)
  }

  /// What cannot be written is fetched again another time.
  func store(_ payload: [UInt8], _ sha256: String) {
    guard payload.count <= mostBytes else { return }
    let manager = FileManager.default
    try? manager.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    if manager.fileExists(atPath: path(sha256)) { return }
    let unfinished = "\(folder)/\(UUID().uuidString).new"
    guard
      manager.createFile(
        atPath: unfinished, contents: Data(payload), attributes: [.posixPermissions: 0o600])
    else { return }
    if rename(unfinished, path(sha256)) != 0 { try? manager.removeItem(atPath: unfinished) }
    makeRoom()
  }

  func remove(_ sha256: String) { try? FileManager.default.removeItem(atPath: path(sha256)) }

  /// Seconds that a file may lie unused: what the database forgot goes from here too.
  private static let longestRest = 30 * 86_400.0

  private func makeRoom() {
    let manager = FileManager.default
    let names = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
    var files = names.compactMap { name -> (path: String, bytes: Int, used: Date)? in
      let path = folder + "/" + name
      guard let found = try? manager.attributesOfItem(atPath: path),
        let bytes = found[.size] as? NSNumber, let used = found[.modificationDate] as? Date
      else { return nil }
      return (path, bytes.intValue, used)
    }
    files.sort { $0.used > $1.used }
    var sum = 0
    for file in files {
      sum += file.bytes
      // A file that a killed process left unfinished is nobody's after an hour.
      let isRuin = file.path.hasSuffix(".new")
      let rest = -file.used.timeIntervalSinceNow
      if isRuin ? rest > 3600 : sum > mostBytes || rest > Self.longestRest {
        try? manager.removeItem(atPath: file.path)
      }
    }
  }
}
