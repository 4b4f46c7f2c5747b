import Foundation
package import Results

/// Finished results on this host's disk until the queue has them: written and synced before they
/// are offered, removed when they were accepted or refused for good.
package struct ResultSpool: Sendable {
  /// A result that waits to be offered.
  package struct Entry: Codable, Sendable, Equatable {
    /// Of the database that it is meant for.
    package let database: String
    package let claim: Claim
    package let record: ResultRecord

    package init(database: String, claim: Claim, record: ResultRecord) {
      self.database = database
      self.claim = claim
      self.record = record
    }

    private enum CodingKeys: CodingKey { case database, record }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      database = try container.decode(String.self, forKey: .database)
      record = try container.decode(ResultRecord.self, forKey: .record)
      claim = try Claim(from: decoder)
    }

    /// Job and fence stand beside the others, where earlier versions wrote them.
    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(database, forKey: .database)
      try container.encode(record, forKey: .record)
      try claim.encode(to: encoder)
    }
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private static let ending = ".result"

  private let folder: String

  package init(folder: String) { self.folder = folder }

  /// Entries are named by database and fence, which is never used twice there.
  private func path(_ entry: Entry) -> String {
    "\(folder)/\(entry.database)-\(entry.claim.fence)\(Self.ending)"
  }

  /// Writes an entry so that it outlives a crash of the host.
  /// - Throws: `Failure` with what the system says, such as a full disk.
  package func write(_ entry: Entry) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw Failure(description: "cannot make the folder \(folder): \(error.localizedDescription)")
    }

    let unfinished = path(entry) + ".new"
    try Self.writeAndSync(try JSONEncoder().encode(entry), to: unfinished)
    guard rename(unfinished, path(entry)) == 0 else { throw Self.failure("rename", unfinished) }
    try Self.sync(folder)
  }

  package func remove(_ entry: Entry) { unlink(path(entry)) }

  /// Entries for a database, oldest fence first. Those of other workers of this host are among
  /// them: offering one twice is harmless. What cannot be read is left where it is.
  package func entries(database: String) -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let mine = names.filter { $0.hasPrefix(database + "-") && $0.hasSuffix(Self.ending) }
    return mine.compactMap { name in
      FileManager.default.contents(atPath: folder + "/" + name).flatMap {
        try? JSONDecoder().decode(Entry.self, from: $0)
      }
    }.sorted { $0.claim.fence < $1.claim.fence }
  }

  private static func writeAndSync(_ data: Data, to path: String) throws {
    let file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure("open", path) }
    defer { close(file) }
    var written = 0
    while written < data.count {
      let count = data[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw discard(path, "write") }
      written += count
    }

    guard fsync(file) == 0 else { throw discard(path, "sync") }
  }

  /// Half a file is of no use, and takes space that may be what is missing.
  private static func discard(_ path: String, _ what: String) -> Failure {
    let failure = failure(what, path)
    unlink(path)
    return failure
  }

  private static func sync(_ folder: String) throws {
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw failure("open", folder) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw failure("sync", folder) }
  }

  private static func failure(_ what: String, _ path: String) -> Failure {
    Failure(description: "cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
