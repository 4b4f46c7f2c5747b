/// A paragraph, a heading, a row: what a text in a markup is made of.
struct Block: Equatable {
  enum Kind: Equatable {
    case paragraph
    case heading(Int)
    /// Of a table: cells with a tab between them.
    case row
    /// Of a list.
    case item
    /// Lines as they are.
    case verbatim
  }

  /// Something that begins within a block and has a name.
  struct Mark: Equatable {
    /// Of `Place.Kind`.
    let kind: String
    let label: String
    /// Unicode scalars of the block's text before it.
    let offset: Int
  }

  let kind: Kind
  let text: String
  var marks: [Mark] = []
  /// The notes that it refers to, by their targets.
  var notes: [NoteReference] = []
}

/// A sign in a text that refers to a note.
struct NoteReference: Equatable {
  /// What names the note, in the file's own way.
  let target: String
  /// As the reader sees it, `1` or `*`.
  let sign: String
}
