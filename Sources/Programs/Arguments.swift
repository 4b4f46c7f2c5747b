/// A command line as people write it, as the parser takes it.
package enum Arguments {
  /// - `--priority -1`: a negative number is a value, and no flag.
  /// - `ask book.txt "-5 what?"`: words with a space in them are text, whatever they begin with.
  /// - Parameter texts: options whose values are text too.
  package static func readable(
    _ arguments: [String], texts options: Set<String> = ["--question", "--prompt"]
  ) -> [String] {
    var result: [String] = []
    var texts: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return result + arguments[index...] }
      let isText = result.last.map(options.contains) ?? false
      if isText && argument.hasPrefix("-") && !argument.hasPrefix("--")
        || isNegativeNumber(argument),
        let option = result.last, isOption(option)
      {
        result[result.count - 1] = option + "=" + argument
      } else if argument.hasPrefix("-"), !argument.hasPrefix("--"), argument.contains(" ") {
        texts.append(argument)
      } else {
        result.append(argument)
      }
    }
    return texts.isEmpty ? result : result + ["--"] + texts
  }

  /// Whether what is printed shall be JSON.
  static func askForJSON(_ arguments: [String]) -> Bool {
    arguments.prefix { $0 != "--" }.contains { ["--json", "--ndjson"].contains($0) }
  }

  private static func isOption(_ argument: String) -> Bool {
    argument.hasPrefix("--") && argument.count > 2 && !argument.contains("=")
  }

  private static func isNegativeNumber(_ argument: String) -> Bool {
    argument.hasPrefix("-") && argument.count > 1 && Double(argument) != nil
  }

  /// The name that is nearest to a word, where one is near enough to be meant.
  package static func nearest(to word: String, of names: [String]) -> String? {
    let best = names.map { (name: $0, distance: distance(word, $0)) }.min {
      $0.distance < $1.distance
    }
    guard let best, best.distance <= max(1, word.count / 3) else { return nil }
    return best.name
  }

  /// Letters to insert, drop, replace, or swap with the next (Damerau 1964).
  private static func distance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first), Array(second))
    var rows = [Array(0...b.count)]
    for i in 1..<(a.count + 1) {
      var row = [i]
      for j in 1..<(b.count + 1) {
        var least = min(
          rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          least = min(least, rows[i - 2][j - 2] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
