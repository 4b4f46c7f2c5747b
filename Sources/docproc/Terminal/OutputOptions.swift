import ArgumentParser
import Foundation
import Rendering

/// How a command prints what it has to say, and how much besides.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON: an object, or an array of them; errors are {\"error\": …}.")
  var json = false

  @Flag(help: "Print JSON with one object a line, lists too.")
  var ndjson = false

  @Flag(name: .shortAndLong, help: "No progress and no notes; errors stay.")
  var quiet = false

  func validate() throws {
    if json, ndjson { throw ValidationError("--json and --ndjson contradict each other") }
  }

  var isJSON: Bool { json || ndjson }

  /// An object; as text where JSON was not asked for.
  func print(_ value: some Encodable, text: @autoclosure () -> String) {
    Swift.print(isJSON ? self.text(value) : text())
  }

  /// A list as one array, or an object a line.
  func print(list: [some Encodable], text: @autoclosure () -> String) {
    guard isJSON else { return Swift.print(text()) }
    guard ndjson else { return Swift.print(JSONText.pretty(list)) }
    for value in list { Swift.print(JSONText.line(value)) }
  }

  private func text(_ value: some Encodable) -> String {
    ndjson ? JSONText.line(value) : JSONText.pretty(value)
  }

  /// What is worth knowing beside the result.
  func note(_ text: String) {
    guard !quiet else { return }
    FileHandle.standardError.write(Data("docproc: \(ForeignText.clean(text))\n".utf8))
  }
}
