import Documents
import Host

/// A PDF by poppler's pdftotext, which tells where each word stands; the order is our own.
struct PDFReader: FormatReader {
  let type = "application/pdf"

  func read(_ file: InputFile, _ context: ExtractionContext) throws -> [ExtractedText] {
    let password = context.settings.password.map { ["-upw", $0] } ?? []
    do {
      let copy = try MemoryFile()
      try copy.write(file.bytes)
      var pages = try pages(copy, password, context)
      try readPictures(&pages, PDFPictures(copy, password: password, context), context)
      guard pages.contains(where: { !$0.lines.isEmpty }) else {
        throw ExtractionError.broken(
          "it holds no text" + (context.settings.ocr == nil ? Self.advice : ""))
      }
      return [Self.text(pages)]
    } catch let error as ChildProcess.CannotStart {
      throw ExtractionError.broken(error.description)
    } catch let error as Command.NotFound {
      throw ExtractionError.broken("reading it needs \(error.name), which is not installed")
    }
  }

  private static let advice = "; --ocr reads pictures of pages (by tesseract)"

  private func pages(
    _ copy: MemoryFile, _ password: [String], _ context: ExtractionContext
  ) throws -> [PDFPage] {
    copy.rewind()
    let handler = PDFPages(context)
    let process = try PipedProcess(
      "pdftotext", password + ["-bbox-layout", "-enc", "UTF-8", "-", "-"], input: copy.descriptor,
      inOwnGroup: false)
    let end = try MarkupParser.parse(
      xmlFrom: { take in
        try process.read(within: Double(context.limits.seconds), take)
      }, handler, context)
    if let failure = handler.failure { throw failure }
    try check(end, process, handler.pages.count, context)
    return handler.pages
  }

  private func check(
    _ end: PipedProcess.End, _ process: PipedProcess, _ pages: Int, _ context: ExtractionContext
  ) throws {
    let said = process.saidLast.split(separator: "\n").map(String.init)
    if said.contains(where: { $0.contains("Incorrect password") }) {
      throw context.settings.password == nil
        ? ExtractionError.needsPassword : ExtractionError.wrongPassword
    }
    let faults = said.filter { $0.contains("Error") }
    switch end {
    case .exit(0):
      guard let first = faults.first else { return }
      let places = faults.count == 1 ? "one place" : "\(faults.count) places"
      context.note("it is damaged in \(places) (\(first.prefix(120)))")
    case .timeout:
      throw ExtractionError.broken(
        "reading it took longer than \(context.limits.seconds) seconds; --limit seconds=N allows more"
      )
    case .exit(let status) where pages == 0:
      throw ExtractionError.broken(
        "pdftotext cannot read it: " + (faults.last ?? said.last ?? "status \(status)"))
    case .exit:
      context.note("it is damaged: what follows page \(pages) is lost")
    case .signal(let signal):
      guard pages > 0 else {
        throw ExtractionError.broken("the file broke pdftotext (signal \(signal))")
      }
      context.note(
        "the file broke pdftotext (signal \(signal)): what follows page \(pages) is lost")
    }
  }

  /// Names pages without text, or reads them.
  private func readPictures(
    _ pages: inout [PDFPage], _ pictures: PDFPictures, _ context: ExtractionContext
  ) throws {
    let empty = pages.indices.filter { pages[$0].lines.isEmpty }
    guard !empty.isEmpty else { return }
    let drawn = try pictures.pages()
    let scanned = empty.filter { drawn.contains($0 + 1) }
    guard let languages = context.settings.ocr else {
      if !scanned.isEmpty {
        context.note(
          "\(Self.ranges(scanned.map { $0 + 1 })) hold\(scanned.count == 1 ? "s" : "") images and "
            + "no text" + Self.advice)
      }
      return
    }
    var read: [Int] = []
    for (count, page) in scanned.enumerated() {
      do {
        pages[page].lines = try pictures.read(page + 1, languages: languages)
        read.append(page + 1)
      } catch ExtractionError.broken(let reason) {
        context.note(reason)
      }
      context.progress(count + 1, of: scanned.count, "pictures of pages")
    }
    if !read.isEmpty { context.note("\(Self.ranges(read)) read from images, which may be wrong") }
  }

  /// `page 3`, `pages 3-240 and 250`.
  static func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    let shown = ranges.prefix(10).map { range in
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
    let rest = ranges.count > 10 ? [" and others"] : []
    return "page\(numbers.count == 1 ? "" : "s") " + shown.joined(separator: ", ")
      + rest.joined()
  }

  private static func text(_ pages: [PDFPage]) -> ExtractedText {
    let furniture = PDFFurniture(pages)
    let bodies = pages.indices.map { page in
      pages[page].lines.enumerated().filter { !furniture.lines[page].contains($0.offset) }
        .map(\.element)
    }
    let (body, pitch) = measures(bodies)
    var paragraphs = PDFParagraphs(hyphens: PDFHyphens(pages), body: body, pitch: pitch)
    for (page, lines) in bodies.enumerated() {
      paragraphs.beginPage(furniture.labels[page] ?? "\(page + 1)")
      for region in PDFOrder(lines.filter { !$0.isUpright }).regions { paragraphs.add(region) }
      for line in lines where line.isUpright {
        paragraphs.add(PDFOrder.Region(left: line.box.left, right: line.box.right, rows: [[line]]))
      }
    }
    var writer = TextWriter()
    writer.write(paragraphs.finish())
    return writer.finish()
  }

  /// The height of most lines, by the letters in them, and the distance of most from the next.
  private static func measures(_ pages: [[PDFLine]]) -> (body: Double, pitch: Double) {
    var heights: [Int: Int] = [:]
    var steps: [Int: Int] = [:]
    for lines in pages {
      for line in lines {
        let letters = line.words.reduce(0) { $0 + $1.text.count }
        heights[Int(4 * line.height), default: 0] += letters
      }
      for (first, second) in zip(lines, lines.dropFirst()) {
        let step = second.box.top - first.box.top
        if step > 2, step < 60 { steps[Int(4 * step), default: 0] += 1 }
      }
    }
    let most = { (counts: [Int: Int]) in
      counts.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { Double($0.key) / 4 + 0.125 }
    }
    let body = most(heights) ?? 10
    return (body, most(steps) ?? 1.2 * body)
  }
}
