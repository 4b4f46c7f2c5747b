import ArgumentParser
import Foundation
import Host

struct HealthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "For probes: exit with 0 while workers of this data directory get on.",
    discussion: """
      A worker that does nothing for --seconds, however alive its process is, counts as hung. The \
      database is not asked: a worker waits through its outages.
      """)

  @Option(help: "Seconds without any progress after which a worker counts as hung.")
  var seconds = 300.0

  static var folder: String { DataHome.path + "/health" }

  private struct Sign {
    let process: Int
    let age: Double
  }

  func validate() throws {
    guard seconds > 0 else { throw ValidationError("--seconds must be positive") }
  }

  func run() throws {
    let signs = Self.signs()
    let hung = signs.filter { $0.age > seconds }
    guard !signs.isEmpty else { throw Unhealthy("no worker runs here (looked in \(Self.folder))") }
    guard hung.isEmpty else {
      let ids = hung.map { "\($0.process) (\(Int($0.age)) s)" }.joined(separator: ", ")
      throw Unhealthy("workers hang: processes \(ids)")
    }
    print(
      "\(signs.count) worker\(signs.count == 1 ? "" : "s") get\(signs.count == 1 ? "s" : "") on")
  }

  /// Of workers whose processes live.
  private static func signs() -> [Sign] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard let process = Int(name), !ProcessPlace.hasEnded(process, name: ProcessPlace.name),
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name),
        let changed = attributes[.modificationDate] as? Date
      else { return nil }
      return Sign(process: process, age: max(0, -changed.timeIntervalSinceNow))
    }
  }

  private struct Unhealthy: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
