/// Control words of RTF, and what they stand for.
enum RTFWords {
  /// Destinations whose text is none of the document's.
  static let skipped: Set<String> = [
    "info", "pict", "colortbl", "header", "headerl", "headerr", "headerf", "footer", "footerl",
    "footerr", "footerf", "fldinst", "objdata", "filetbl", "revtbl", "rsidtbl", "generator",
    "listtable", "listoverridetable", "xmlnstbl", "themedata", "colorschememapping", "datastore",
    "latentstyles", "bkmkstart", "bkmkend", "annotation", "atnid", "atnauthor", "txe", "xe", "tc",
    "pgdsctbl", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc", "mmathPr", "nonshppict", "listtext2",
  ]
  /// Destinations that may be ignored and are text.
  static let known: Set<String> = ["shptxt", "shpinst", "ud", "shppict"]
  static let signs: [String: String] = [
    "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
  ]

  /// Windows' numbers of character sets, in `\fcharset`.
  static let charsets: [Int: String] = [
    77: "MACINTOSH", 128: "CP932", 129: "CP949", 134: "GBK", 136: "BIG5", 161: "WINDOWS-1253",
    162: "WINDOWS-1254", 163: "WINDOWS-1258", 177: "WINDOWS-1255", 178: "WINDOWS-1256",
    186: "WINDOWS-1257", 204: "WINDOWS-1251", 222: "CP874", 238: "WINDOWS-1250",
  ]
}
