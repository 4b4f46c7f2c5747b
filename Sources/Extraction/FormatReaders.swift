import Documents

/// Which reader a format has.
package enum FormatReaders {
  /// - Throws: `ExtractionError.refused` for a format that has none.
  package static func reader(
    for file: InputFile, _ context: ExtractionContext
  ) throws -> any FormatReader {
    switch FileFormat.of(name: file.name, head: file.bytes.prefix(FileFormat.headBytes)) {
    case .text: PlainTextReader()
    case .refused(let format, let instead):
      throw try EncryptedOffice.error(file) ?? .refused(format, instead: instead)
    case .foreign(.zip): try ZipKinds.reader(for: file, context) ?? archive("application/zip")
    case .foreign(.archive): archive("application/x-archive")
    case .foreign(.html): HTMLReader()
    case .foreign(.pdf): PDFReader()
    case .foreign(.rtf): RTFReader()
    case .foreign(.mbox): MailReader(isMailbox: true)
    case .foreign(.eml): MailReader(isMailbox: false)
    case .foreign(.notebook): NotebookReader()
    case .foreign(.flatODT): FlatODTReader()
    }
  }

  private static func archive(_ type: String) -> ArchiveReader {
    ArchiveReader(type: type) { try reader(for: $0, $1) }
  }
}
