import Foundation
import Host
import Jobs
import TestSupport

/// A coordinator on a cluster of its own, as a process.
final class TestService: Sendable {
  let cluster: TestCluster
  let port: Int
  let process: Int32
  let log: String

  var base: String { "http://127.0.0.1:\(port)" }

  init(_ cluster: TestCluster, port wanted: Int = 0, _ options: [String] = []) throws {
    self.cluster = cluster
    let name = UUID().uuidString.prefix(8)
    log = cluster.directory.path + "/coordinator-\(name).log"
    let portFile = cluster.directory.path + "/port-\(name)"
    process = try ChildProcess.startInBackground(
      Program.directory + "/docproc-coordinator",
      ["--port", "\(wanted)", "--port-file", portFile] + options,
      environment: ["DATABASE_URL": cluster.url],
      log: log)
    var found: Int?
    for _ in 0..<300 where found == nil {
      usleep(50_000)
      found = (try? String(contentsOfFile: portFile, encoding: .utf8)).flatMap {
        Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    guard let found else { throw CocoaError(.executableLoad, userInfo: ["log": log]) }
    port = found
  }

  deinit { kill(process, SIGTERM) }

  func key(_ scopes: Set<APIKey.Scope> = [.submit, .read], tenant: String? = nil) throws -> String {
    try JobDatabase(url: cluster.url).keys.create(scopes: scopes, tenant: tenant).key
  }

  struct Answer {
    let status: Int
    let headers: String
    let body: String

    func json() throws -> [String: Any] {
      try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
    }

    var code: String? {
      ((try? json())?["error"] as? [String: Any])?["code"] as? String
    }
  }

  /// A request by curl.
  func request(
    _ path: String, key: String? = nil, method: String = "GET", json: String? = nil,
    _ options: [String] = []
  ) throws -> Answer {
    var arguments = ["-s", "-i", "-m", "60", "-X", method, base + path]
    if let key { arguments += ["-H", "Authorization: Bearer \(key)"] }
    if let json { arguments += ["-H", "Content-Type: application/json", "-d", json] }
    let result = try Command.run("curl", arguments + options)
    let text = String(decoding: result.output, as: UTF8.self)
    let parts = text.components(separatedBy: "\r\n\r\n")
    // A "100 Continue" may come first.
    let first = parts.firstIndex { !$0.hasPrefix("HTTP/1.1 100") } ?? 0
    let head = parts.indices.contains(first) ? parts[first] : ""
    return Answer(
      status: Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0, headers: head,
      body: parts.dropFirst(first + 1).joined(separator: "\r\n\r\n"))
  }
}
