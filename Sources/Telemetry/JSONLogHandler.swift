import Foundation
package import Logging

/// Log records as JSON lines on standard error.
package struct JSONLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level = .info
  private let label: String

  package init(label: String) { self.label = label }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = [
      "time": Date().ISO8601Format(), "level": event.level.rawValue, "program": label,
      "message": event.message.description,
    ]
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
      fields[key] = value.description
    }

    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let line = try? encoder.encode(fields) else { return }
    FileHandle.standardError.write(line + Data("\n".utf8))
  }
}

/// Starts logging for a program.
package enum JSONLogs {
  package static func logger(_ program: String) -> Logger {
    Logger(label: program) { JSONLogHandler(label: $0) }
  }
}
