import ArgumentParser
import Constraints
import Foundation
import Schemas

/// A JSON Schema in a file, by which data is taken out of documents.
enum SchemaFile {
  /// Larger files are not even read.
  private static let mostBytes = 16 << 20

  /// Looks at it as far as this host can: a worker looks again before it reads.
  /// - Throws: `UserError`, `SchemaError`, `GrammarError.refused`
  static func read(_ path: String) throws -> JSONSchema {
    guard let file = FileHandle(forReadingAtPath: path),
      let data = try? file.read(upToCount: mostBytes)
    else { throw UserError("there is no file \(path) that can be read") }
    guard let text = String(data: data, encoding: .utf8) else {
      throw UserError("\(path) is no text in UTF-8")
    }
    let schema = try JSONSchema(text: text)
    do {
      try GrammarEngine().check(.json(schema))
    } catch GrammarError.unavailable {
      // Workers may have what this host has not.
    }
    return schema
  }
}
