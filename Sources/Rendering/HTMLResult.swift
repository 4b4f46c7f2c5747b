import Foundation
package import Results

/// A result as one HTML file: answers, outline, and the document's text with the quotes marked in
/// it. It needs no scripts and fetches nothing; words of documents and models are text in it.
package struct HTMLResult {
  /// Of a longer text only what stands around the quotes is in the file.
  private static let mostScalars = 8_000_000
  private static let around = 4000

  private let record: ResultRecord
  private let scalars: [Unicode.Scalar]
  /// In the order in which they are shown.
  private let quotes: [Quote]

  package init(_ record: ResultRecord, document: String) {
    self.record = record
    scalars = Array(document.unicodeScalars)
    quotes = record.evidence + (record.answers ?? []).flatMap(\.evidence)
  }

  package var text: String {
    let name = HTMLText.escaped(record.document.name)
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(name)</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <main>
      <h1>\(name)</h1>
      \(main)
      </main>
      </body>
      </html>

      """
  }

  /// Answers, quotes and the text, without the page around them.
  package var main: String {
    """
    \(body)
    <h2 id="text">The text</h2>
    <div class="text\(isCode ? " code" : "")" dir="auto">\(marked)</div>
    """
  }

  private var isCode: Bool { quotes.contains { $0.line != nil } }

  private static let style = """
    :root { color-scheme: light dark; --mark: #fff3b0; --target: #ffd54f; --dim: #595959; }
    @media (prefers-color-scheme: dark) {
      :root { --mark: #4d4419; --target: #806a00; --dim: #b0b0b0; }
    }
    body { font: 1rem/1.6 Georgia, serif; margin: 0; }
    main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
    h1, h2, h3, nav, .place { font-family: system-ui, sans-serif; }
    .answer { font-size: 1.2rem; white-space: pre-wrap; }
    .place { color: var(--dim); font-size: 0.85rem; }
    blockquote { margin: 0.5rem 0 1rem; padding-left: 1rem; border-left: 3px solid var(--dim); white-space: pre-wrap; overflow-wrap: anywhere; }
    .text { white-space: pre-wrap; overflow-wrap: anywhere; }
    .code { font-family: monospace; }
    mark { background: var(--mark); color: inherit; scroll-margin-top: 30vh; }
    mark:target, mark:has(a:target) { background: var(--target); outline: 2px solid var(--dim); }
    mark a { color: inherit; }
    """

  // MARK: What was answered

  private var body: String {
    guard let answers = record.answers else {
      let heading = record.question.map { "<h2 dir=\"auto\">\(HTMLText.escaped($0))</h2>\n" } ?? ""
      return heading + answer(record.answer, isUncertain: record.uncertain == true)
        + outline + cited(record.evidence, from: 0, supports: record.supported)
    }
    var first = record.evidence.count
    return answers.map { one in
      defer { first += one.evidence.count }
      return "<h2 dir=\"auto\">\(HTMLText.escaped(one.question))</h2>\n"
        + answer(one.answer, isUncertain: one.uncertain)
        + cited(one.evidence, from: first, supports: one.supported)
    }.joined(separator: "\n")
  }

  private func answer(_ text: String, isUncertain: Bool) -> String {
    "<p class=\"answer\" dir=\"auto\">\(HTMLText.escaped(text))</p>\n"
      + (isUncertain ? "<p class=\"place\">Uncertain: check the quotes.</p>\n" : "")
  }

  private var outline: String {
    guard let entries = record.outline, entries.count > 1 else { return "" }
    let items = entries.map { entry in
      let title = entry.title.map { "<strong>\(HTMLText.escaped($0))</strong> " } ?? ""
      return "<li dir=\"auto\">\(title)\(HTMLText.escaped(entry.synopsis))</li>"
    }
    return "<h2>Outline</h2>\n<ul>\n\(items.joined(separator: "\n"))\n</ul>\n"
  }

  private func cited(_ quotes: [Quote], from first: Int, supports: Bool) -> String {
    guard !quotes.isEmpty else { return "" }
    let items = quotes.enumerated().map { index, quote in
      let number = first + index + 1
      let place = quote.place
      let shown = place.isEmpty ? "quote \(number)" : HTMLText.escaped(place)
      return """
        <blockquote id="quote-\(number)" dir="auto">\(HTMLText.escaped(quote.quote))
        <a class="place" href="#q\(number)">\(shown)</a></blockquote>
        """
    }
    let heading = supports ? "Quotes" : "Nearest passages, which do not answer it"
    return "<h3>\(heading)</h3>\n\(items.joined(separator: "\n"))\n"
  }

  // MARK: The text

  /// Stretches of the text that quotes cover, each with the numbers of those that begin in it.
  private var stretches: [(range: Range<Int>, numbers: [Int])] {
    let ordered = quotes.enumerated().map { index, quote in
      let start = min(max(quote.start, 0), scalars.count)
      return (number: index + 1, range: start..<min(max(quote.end, start), scalars.count))
    }.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    var result: [(range: Range<Int>, numbers: [Int])] = []
    for (number, range) in ordered {
      guard let last = result.last, range.lowerBound < last.range.upperBound else {
        result.append((range, [number]))
        continue
      }
      let end = max(last.range.upperBound, range.upperBound)
      result[result.count - 1] = (last.range.lowerBound..<end, last.numbers + [number])
    }
    return result
  }

  private var marked: String {
    let isLong = scalars.count > Self.mostScalars
    let stretches = stretches
    var result =
      isLong ? "<p class=\"place\">The text is long: what stands around the quotes.</p>" : ""
    var done = 0
    for (index, stretch) in stretches.enumerated() {
      let (range, numbers) = stretch
      result += before(range.lowerBound, from: done, isLong)
      let ids = numbers.dropFirst().map { "<a id=\"q\($0)\"></a>" }.joined()
      let links = numbers.map {
        "<a class=\"place\" href=\"#quote-\($0)\" aria-label=\"to quote \($0)\">[\($0)]</a>"
      }
      result += "<mark id=\"q\(numbers[0])\">\(ids)\(escaped(range))\(links.joined())</mark>"
      done = range.upperBound
      if isLong {
        let next =
          index + 1 < stretches.count ? stretches[index + 1].range.lowerBound : scalars.count
        let end = min(next, done + Self.around)
        result += escaped(done..<end)
        done = end
      }
    }
    return isLong ? result : result + escaped(done..<scalars.count)
  }

  private func before(_ place: Int, from done: Int, _ isLong: Bool) -> String {
    let start = isLong ? max(done, place - Self.around) : done
    return (start > done ? "\n\n[…]\n\n" : "") + escaped(start..<place)
  }

  private func escaped(_ range: Range<Int>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[range])
    return HTMLText.escaped(String(view))
  }
}
