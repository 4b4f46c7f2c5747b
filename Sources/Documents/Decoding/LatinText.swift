/// How much a text in a western alphabet looks like one: bytes of one-byte encodings are never
/// wrong, only odd.
enum LatinText {
  /// One-byte encodings of western Europe, the commonest first.
  static let encodings = ["WINDOWS-1252", "IBM850", "IBM437", "MACINTOSH"]

  /// The encoding whose text looks best; nil where all look odd.
  static func best(_ bytes: [UInt8], of encodings: [String]) -> (text: String, encoding: String)? {
    var best: (score: Int, text: String, encoding: String)?
    for encoding in encodings {
      guard case .success(let text) = Iconv.text(bytes, from: encoding) else { continue }
      let score = score(text)
      if score > best?.score ?? 0 { best = (score, text, encoding) }
    }
    return best.map { ($0.text, $0.encoding) }
  }

  /// Letters and marks beyond ASCII that stand where such do, less thrice those that do not.
  static func score(_ text: String) -> Int {
    let scalars = Array(text.unicodeScalars)
    var score = 0
    for (index, scalar) in scalars.enumerated() where scalar.value > 0x7F {
      // A space that does not break proves nothing.
      if scalar == "\u{A0}" || scalar == "\u{AD}" { continue }
      let before = index > 0 ? scalars[index - 1] : " "
      let after = index + 1 < scalars.count ? scalars[index + 1] : " "
      score += fits(scalar, before, after) ? 1 : -3
    }
    return score
  }

  private static func fits(
    _ scalar: Unicode.Scalar, _ before: Unicode.Scalar, _ after: Unicode.Scalar
  ) -> Bool {
    if letters.contains(scalar) { return isLetter(scalar, before, after) }
    guard marks.contains(scalar) else { return false }
    let isWithinWord = before.properties.isAlphabetic && after.properties.isAlphabetic
    return !isWithinWord || scalar == "\u{2019}" || scalar == "\u{AD}" || scalar == "\u{B7}"
  }

  /// Of the languages that these encodings are for.
  private static let letters = Set(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒŸšžŠŽ".unicodeScalars)
  private static let marks = Set(
    "\u{A0}\u{AD}¡¿«»‹›“”„‘’‚–—…•·§°±×÷²³½¼¾ªº©®™€£¥¢µ†‡‰¨´".unicodeScalars)

  /// A letter alone between marks, or a capital within a word, is seldom one.
  private static func isLetter(
    _ scalar: Unicode.Scalar, _ before: Unicode.Scalar, _ after: Unicode.Scalar
  ) -> Bool {
    let isAlone = !before.properties.isAlphabetic && !after.properties.isAlphabetic
    if isAlone { return "àÀóÓ".unicodeScalars.contains(scalar) && before == " " && after == " " }
    guard scalar.properties.isUppercase else { return true }
    let opensCapital = after.properties.isUppercase && !before.properties.isUppercase
    return !before.properties.isLowercase && !(opensCapital && after.value < 0x80)
  }
}
