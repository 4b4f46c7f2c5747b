import Foundation

/// Means of an evaluation's items, a row for each group.
package struct EvaluationTable: Codable, Sendable {
  package struct Row: Codable, Sendable {
    package let group: String
    package let items: Int
    package let values: [String: Double]
  }

  package let rows: [Row]

  /// - Parameter ratios: (name, value, by value) of means that are shown divided.
  package init(_ items: [EvaluationItem], ratios: [(name: String, of: String, to: String)] = []) {
    let groups = items.map(\.group).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    rows = groups.map { group in
      let members = items.filter { $0.group == group }
      var values = Self.means(members)
      for ratio in ratios {
        if let value = values[ratio.of], let base = values[ratio.to], base > 0 {
          values[ratio.name] = value / base
        }
      }
      return Row(group: group, items: members.count, values: values)
    }
  }

  private static func means(_ items: [EvaluationItem]) -> [String: Double] {
    let names = Set(items.flatMap(\.values.keys))
    return Dictionary(
      uniqueKeysWithValues: names.map { name in
        let values = items.compactMap { $0.values[name] }
        return (name, values.reduce(0, +) / Double(values.count))
      })
  }

  package var text: String {
    let names = Set(rows.flatMap(\.values.keys)).sorted()
    let lines = rows.map { row in
      [row.group, "\(row.items)"]
        + names.map { name in row.values[name].map { String(format: "%.3f", $0) } ?? "" }
    }
    let table = [["", "items"] + names] + lines
    let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { line in
      zip(line, widths).enumerated().map { index, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return index == 0 ? cell.0 + space : space + cell.0
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
