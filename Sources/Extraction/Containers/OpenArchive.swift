import CArchive
import Documents

/// An archive by libarchive, from memory: nothing of it is unpacked to a disk.
final class OpenArchive {
  private let archive: OpaquePointer
  private let context: ExtractionContext
  private let packed: Int
  private var given = 0

  /// - Throws: `ExtractionError.broken`
  init(_ file: InputFile, _ context: ExtractionContext) throws {
    guard let archive = archive_read_new() else {
      throw ExtractionError.broken("no memory is left to open it")
    }
    self.archive = archive
    self.context = context
    packed = max(1, file.bytes.count)
    archive_read_support_filter_all(archive)
    archive_read_support_format_all(archive)
    // A compressed file of one text; it takes anything, so it comes last.
    archive_read_support_format_raw(archive)
    if let password = context.settings.password { archive_read_add_passphrase(archive, password) }
    guard
      archive_read_open_memory(archive, file.bytes.baseAddress, file.bytes.count) >= ARCHIVE_WARN
    else { throw ExtractionError.broken("it is damaged: \(message)") }
  }

  deinit { archive_read_free(archive) }

  /// libarchive's word for what went wrong last.
  var message: String { archive_error_string(archive).map { String(cString: $0) } ?? "no reason" }

  /// A compressed file that is no archive.
  var isRaw: Bool { archive_format(archive) == ARCHIVE_FORMAT_RAW }

  var isCompressed: Bool { archive_filter_code(archive, 0) != ARCHIVE_FILTER_NONE }

  struct Member {
    /// nil for a name that is none: empty, or with control characters.
    let path: String?
    let isFile: Bool
    let isLink: Bool
    let isEncrypted: Bool
  }

  /// nil at the archive's end. - Throws: `ExtractionError`
  func next() throws -> Member? {
    var entry: OpaquePointer?
    let status = archive_read_next_header(archive, &entry)
    if status == ARCHIVE_EOF { return nil }
    guard status >= ARCHIVE_WARN, let entry else {
      throw ExtractionError.broken("it is damaged: \(message)")
    }
    try context.countMember()
    let kind = archive_entry_filetype(entry)
    let isEncrypted = archive_entry_is_encrypted(entry) != 0
    let isLink = kind == 0o120000 || archive_entry_hardlink(entry) != nil
    return Member(
      path: Self.path(entry), isFile: kind == 0o100000 && !isLink, isLink: isLink,
      isEncrypted: isEncrypted)
  }

  /// In UTF-8 where the archive says so, else byte by byte.
  private static func path(_ entry: OpaquePointer) -> String? {
    let bytes = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
    guard let bytes else { return nil }
    let name = String(cString: bytes)
    let isPlain = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    return name.isEmpty || !isPlain ? nil : name
  }

  /// The member's bytes, and what is wrong with them: with a wrong checksum they are all there.
  /// - Throws: `ExtractionError`
  func contents() throws -> (bytes: [UInt8], fault: String?) {
    var bytes: [UInt8] = []
    while true {
      var block: UnsafeRawPointer?
      var count = 0
      var offset: la_int64_t = 0
      let status = archive_read_data_block(archive, &block, &count, &offset)
      if status == ARCHIVE_EOF { return (bytes, nil) }
      if status > ARCHIVE_FATAL, let block, count > 0 {
        // What a sparse file leaves out is zeros.
        try append(max(0, Int(offset)) - bytes.count, zeros: true, nil, to: &bytes)
        try append(count, zeros: false, block, to: &bytes)
      }
      guard status >= ARCHIVE_OK else { return (bytes, try fault()) }
    }
  }

  private func append(
    _ count: Int, zeros: Bool, _ block: UnsafeRawPointer?, to bytes: inout [UInt8]
  ) throws {
    guard count > 0 else { return }
    try context.spend(count)
    given += count
    try context.spend(0, ratio: given / packed)
    if zeros {
      bytes.append(contentsOf: repeatElement(0, count: count))
    } else {
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: block, count: count))
    }
  }

  private func fault() throws -> String {
    let message = message
    guard message.lowercased().contains("passphrase") else { return message }
    throw context.settings.password == nil ? ExtractionError.needsPassword : .wrongPassword
  }
}
