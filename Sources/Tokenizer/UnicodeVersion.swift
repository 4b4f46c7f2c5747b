/// Where Hugging Face's library knows another Unicode version than the ones here:
/// its patterns use 16.0, its Digits step 17.0, its NFC 9.0; PCRE2 10.42 has 14.0.
enum UnicodeVersion {
  /// Letters that came after Unicode 14, as the body of a character class.
  static let newerLetters =
    #"\x{1C89}\x{1C8A}\x{A7CB}-\x{A7CD}\x{A7DA}-\x{A7DC}\x{105C0}-\x{105F3}\x{10D4A}-\x{10D65}\x{10D6F}-\x{10D85}"#
    + #"\x{10EC2}-\x{10EC4}\x{1123F}\x{11240}\x{11380}-\x{11389}\x{1138B}\x{1138E}\x{11390}-\x{113B5}\x{113B7}"#
    + #"\x{113D1}\x{113D3}\x{11BC0}-\x{11BE0}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}\x{1342F}"#
    + #"\x{13441}-\x{13446}\x{13460}-\x{143FA}\x{16100}-\x{1611D}\x{16D40}-\x{16D6C}\x{18CFF}\x{1B132}\x{1B155}"#
    + #"\x{1DF25}-\x{1DF2A}\x{1E030}-\x{1E06D}\x{1E4D0}-\x{1E4EB}\x{1E5D0}-\x{1E5ED}\x{1E5F0}\x{2B739}"#
    + #"\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF}"#

  /// Numbers that came after Unicode 14.
  static let newerNumbers =
    #"\x{10D40}-\x{10D49}\x{116D0}-\x{116E3}\x{11BF0}-\x{11BF9}\x{11F50}-\x{11F59}\x{16130}-\x{16139}"#
    + #"\x{16D70}-\x{16D79}\x{1CCF0}-\x{1CCF9}\x{1D2C0}-\x{1D2D3}\x{1E4F0}-\x{1E4F9}\x{1E5F1}-\x{1E5FA}"#

  /// Of further properties what came after Unicode 14. No character has changed its property.
  static let newer: [String: String] = [
    "L": newerLetters, "N": newerNumbers, "Lt": "",
    "Lu": #"\x{1C89}\x{A7CB}-\x{A7CC}\x{A7DA}\x{A7DC}\x{10D50}-\x{10D65}"#,
    "Ll": #"\x{1C8A}\x{A7CD}\x{A7DB}\x{10D70}-\x{10D85}\x{1DF25}-\x{1DF2A}"#,
    "Lm": #"\x{10D4E}\x{10D6F}\x{16D40}-\x{16D42}\x{16D6B}-\x{16D6C}\x{1E030}-\x{1E06D}\x{1E4EB}"#,
    "Lo": #"\x{105C0}-\x{105F3}\x{10D4A}-\x{10D4D}\x{10D4F}\x{10EC2}-\x{10EC4}"#
      + #"\x{1123F}-\x{11240}\x{11380}-\x{11389}\x{1138B}\x{1138E}\x{11390}-\x{113B5}\x{113B7}"#
      + #"\x{113D1}\x{113D3}\x{11BC0}-\x{11BE0}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}"#
      + #"\x{1342F}\x{13441}-\x{13446}\x{13460}-\x{143FA}\x{16100}-\x{1611D}"#
      + #"\x{16D43}-\x{16D6A}\x{18CFF}\x{1B132}\x{1B155}\x{1E4D0}-\x{1E4EA}\x{1E5D0}-\x{1E5ED}"#
      + #"\x{1E5F0}\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF}"#,
    "M": #"\x{897}\x{CF3}\x{ECE}\x{10D69}-\x{10D6D}\x{10EFC}-\x{10EFF}\x{11241}"#
      + #"\x{113B8}-\x{113C0}\x{113C2}\x{113C5}\x{113C7}-\x{113CA}\x{113CC}-\x{113D0}\x{113D2}"#
      + #"\x{113E1}-\x{113E2}\x{11F00}-\x{11F01}\x{11F03}\x{11F34}-\x{11F3A}"#
      + #"\x{11F3E}-\x{11F42}\x{11F5A}\x{13440}\x{13447}-\x{13455}\x{1611E}-\x{1612F}\x{1E08F}"#
      + #"\x{1E4EC}-\x{1E4EF}\x{1E5EE}-\x{1E5EF}"#,
    "S": #"\x{2427}-\x{2429}\x{2FFC}-\x{2FFF}\x{31E4}-\x{31E5}\x{31EF}\x{10D8E}-\x{10D8F}"#
      + #"\x{1CC00}-\x{1CCEF}\x{1CD00}-\x{1CEB3}\x{1F6DC}\x{1F774}-\x{1F776}"#
      + #"\x{1F77B}-\x{1F77F}\x{1F7D9}\x{1F8B2}-\x{1F8BB}\x{1F8C0}-\x{1F8C1}"#
      + #"\x{1FA75}-\x{1FA77}\x{1FA87}-\x{1FA89}\x{1FA8F}\x{1FAAD}-\x{1FAAF}"#
      + #"\x{1FABB}-\x{1FABF}\x{1FAC6}\x{1FACE}-\x{1FACF}\x{1FADA}-\x{1FADC}\x{1FADF}"#
      + #"\x{1FAE8}-\x{1FAE9}\x{1FAF7}-\x{1FAF8}\x{1FBCB}-\x{1FBEF}"#,
    "P": #"\x{1B4E}-\x{1B4F}\x{1B7F}\x{10D6E}\x{113D4}-\x{113D5}\x{113D7}-\x{113D8}"#
      + #"\x{11B00}-\x{11B09}\x{11BE1}\x{11F43}-\x{11F4F}\x{16D6D}-\x{16D6F}\x{1E5FF}"#,
  ]

  /// Numbers of Unicode 17, which only the Digits step knows.
  static let newestDigits = #"\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}"#

  /// White_Space. PCRE2's \s also takes U+180E, which lost the property in Unicode 6.3.
  static let whitespace =
    #"\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"#

  /// Marks that came after Unicode 9: they pass its NFC as they are, and stop composition.
  static let newerMarks: [ClosedRange<UInt32>] = [
    0x07FD...0x07FD, 0x0897...0x089F, 0x08CA...0x08D3, 0x09FE...0x09FE, 0x0C3C...0x0C3C,
    0x0D3B...0x0D3C,
    0x0EBA...0x0EBA, 0x1715...0x1715, 0x1ABF...0x1ADD, 0x1AE0...0x1AEB, 0x1DF6...0x1DFA,
    0xA82C...0xA82C,
    0x105C9...0x105C9, 0x105D2...0x105D2, 0x105DA...0x105DA, 0x105E4...0x105E4, 0x10D24...0x10D27,
    0x10D69...0x10D6D, 0x10EAB...0x10EAC, 0x10EFA...0x10EFB, 0x10EFD...0x10EFF, 0x10F46...0x10F50,
    0x10F82...0x10F85, 0x11070...0x11070, 0x1133B...0x1133B, 0x11382...0x11385, 0x1138B...0x1138B,
    0x1138E...0x1138E, 0x11390...0x11391, 0x113B8...0x113B8, 0x113BB...0x113BB, 0x113C2...0x113C2,
    0x113C5...0x113C5, 0x113C7...0x113C9, 0x113CE...0x113D0, 0x1145E...0x1145E, 0x11839...0x1183A,
    0x11930...0x11930, 0x11935...0x11935, 0x11938...0x11938, 0x1193D...0x1193E, 0x11943...0x11943,
    0x119E0...0x119E0, 0x11A34...0x11A34, 0x11A47...0x11A47, 0x11A99...0x11A99, 0x11D42...0x11D42,
    0x11D44...0x11D45, 0x11D97...0x11D97, 0x11F41...0x11F42, 0x1611E...0x16129, 0x1612F...0x1612F,
    0x16D63...0x16D63, 0x16D67...0x16D6A, 0x16FF0...0x16FF1, 0x1E08F...0x1E08F, 0x1E130...0x1E136,
    0x1E2AE...0x1E2AE, 0x1E2EC...0x1E2EF, 0x1E4EC...0x1E4EF, 0x1E5EE...0x1E5EF, 0x1E6E3...0x1E6E3,
    0x1E6E6...0x1E6E6, 0x1E6EE...0x1E6EF, 0x1E6F5...0x1E6F5,
  ]
}
