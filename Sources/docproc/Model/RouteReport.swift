import Answering
import Evaluation
import Foundation

/// Shows what `eval route` measured, and notes in the model's folder which way answers.
struct RouteReport {
  let model: String
  let folder: String
  let json: Bool

  /// - Throws: when the folder cannot be written.
  func show(_ log: EvaluationLog) throws {
    let table = RouteTable(log.items)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let file = URL(fileURLWithPath: folder + "/" + MeasuredRoute.file)
    try encoder.encode(table.measured).write(to: file)
    print(json ? JSONText.pretty(table) : text(table))
  }

  private func text(_ table: RouteTable) -> String {
    let rows = table.rows.map { row in
      [
        row.group, row.way, "\(row.questions)", number(row.f1), number(row.error),
        number(row.unrefused), number(row.refused), number(row.goldF1),
      ]
    }
    let differences = table.differences.map { difference in
      "\(difference.group): \(difference.what) \(number(difference.mean)), "
        + "error \(number(difference.error))"
    }
    let heading = ["tokens", "way", "n", "F1", "error", "unrefused", "refused", "gold F1"]
    let chosen = "\(model) answers from \(table.measured.route.rawValue) when nobody chooses"
    return ([Self.aligned([heading] + rows)] + differences + [chosen]).joined(separator: "\n")
  }

  private func number(_ value: Double) -> String { String(format: "%.3f", value) }

  private static func aligned(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        .joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
