package import Answering
import Foundation
import Schemas

/// Schemas of people, each with an answer that is written under it: how many are taken, and how many
/// of the answers come to their end. Whether they are valid, another validator tells.
package struct SchemaSuite: EvaluationSuite {
  /// Folders of schemas, a file each.
  package let folder: String
  package let count: Int
  package let limit: Int
  /// 0 takes the most likely tokens.
  package let temperature: Double

  package init(folder: String, count: Int, limit: Int, temperature: Double) {
    self.folder = folder
    self.count = count
    self.limit = limit
    self.temperature = temperature
  }

  package var parameters: String {
    "schemas count=\(count) limit=\(limit) temperature=\(temperature)"
  }
  package var files: [String] { [] }
  package var texts: [String] { [folder] }
  package var ratios: [(name: String, of: String, to: String)] { [] }

  package func run(_ answerer: Answerer, _ data: EvaluationData, _ log: EvaluationLog) throws {
    let paths = try Self.paths(folder)
    guard !paths.isEmpty else {
      throw EvaluationError.nothingToMeasure("there are no .json files below \(folder)")
    }
    // Evenly drawn, the same ones each time.
    let chosen = (0..<min(count, paths.count)).map {
      paths[$0 * paths.count / min(count, paths.count)]
    }
    for (number, path) in chosen.enumerated() {
      try log.add(path) { try item(path, seed: UInt64(number), answerer) }
    }
  }

  private static func paths(_ folder: String) throws -> [String] {
    let manager = FileManager.default
    guard let all = manager.enumerator(atPath: folder) else { return [] }
    return all.compactMap { $0 as? String }.filter { $0.hasSuffix(".json") }.sorted()
  }

  private func item(
    _ path: String, seed: UInt64, _ answerer: Answerer
  ) throws -> EvaluationItem {
    let text = try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
    let group = path.contains("Glaive") ? "functions" : "schemas"
    do {
      let trial = try answerer.trial(
        of: JSONSchema(text: text), temperature: temperature, seed: seed, limit: limit)
      let masks = trial.maskSeconds.sorted()
      func share(_ part: Double) -> Double {
        masks.isEmpty ? 0 : masks[min(masks.count - 1, Int(part * Double(masks.count)))] * 1e6
      }
      let values = [
        "refused": 0, "invalid": 0, "complete": trial.isComplete ? 1 : 0,
        "tokens": Double(trial.tokens),
        "forced": Double(trial.forcedTokens), "compile_ms": trial.compileSeconds * 1000,
        "mask_us": masks.reduce(0, +) / Double(max(masks.count, 1)) * 1e6,
        "mask_us_most": share(1),
      ]
      let times = masks.map { String(Int($0 * 1e6)) }.joined(separator: " ")
      return EvaluationItem(
        group: group, values: values,
        texts: [
          "output": trial.text, "mask_times_us": times,
        ])
    } catch let error as ExtractionError {
      return EvaluationItem(
        group: group, values: ["refused": 0, "invalid": 1], texts: ["reason": error.description])
    } catch let error as any CustomStringConvertible & Error {
      return EvaluationItem(
        group: group, values: ["refused": 1], texts: ["reason": error.description])
    }
  }
}
