package import Results

extension Quote {
  /// `path:line` of code; the chapter and how far in of a book.
  package var place: String {
    let chapter = chapter.map { ForeignText.clean($0) }
    let page = page.map { "p. \(ForeignText.clean($0))" }
    if let path {
      let place = ForeignText.clean(path) + (line.map { ":\($0)" } ?? "")
      let names = [place, chapter].compactMap(\.self).joined(separator: " > ")
      return [names, page].compactMap(\.self).joined(separator: ", ")
    }
    if let line { return "line \(line)" }
    let percent = page == nil ? percent.map { "\($0)%" } : nil
    return [chapter, page, percent].compactMap(\.self).joined(separator: ", ")
  }
}
