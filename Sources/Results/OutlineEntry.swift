/// What a summary says of one part of the document: a chapter, files, or a stretch of either.
package struct OutlineEntry: Sendable, Codable, Equatable {
  /// The chapter's heading or the file's path, as far as there is one.
  package let title: String?
  /// Unicode scalars of the document's text before the part and before its end.
  package let start: Int
  package let end: Int
  package let synopsis: String
  /// False where nothing that the model wrote is borne out by the part: then the synopsis is
  /// sentences of the part itself.
  package let written: Bool

  package init(title: String?, start: Int, end: Int, synopsis: String, written: Bool) {
    self.title = title
    self.start = start
    self.end = end
    self.synopsis = synopsis
    self.written = written
  }
}
