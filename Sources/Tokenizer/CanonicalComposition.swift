import CUtf8proc
import Glibc

/// NFC as Hugging Face's library applies it.
enum CanonicalComposition {
  static func apply(to text: String) -> String {
    var result = ""
    var stretch = String.UnicodeScalarView()
    var risky = false
    func flush() {
      result += risky ? compose(String(stretch)) : String(stretch)
      stretch.removeAll(keepingCapacity: true)
      risky = false
    }
    for scalar in text.unicodeScalars {
      if scalar.value >= 0x300, passesUnchanged(scalar.value) {
        flush()
        result.unicodeScalars.append(scalar)
        continue
      }
      stretch.append(scalar)
      if scalar.value >= 0x300, mayChange(scalar) { risky = true }
      // Nothing composes across a line break: long texts are normalised only where needed.
      if scalar == "\n" { flush() }
    }

    flush()

    return result
  }

  /// NFC by utf8proc: Foundation's takes U+1176 for a vowel that composes, and leaves
  /// the parts of U+0F73 out of order.
  private static func compose(_ text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      var composed: UnsafeMutablePointer<UInt8>?
      let options = utf8proc_option_t(UTF8PROC_STABLE.rawValue | UTF8PROC_COMPOSE.rawValue)
      let count = utf8proc_map(bytes.baseAddress, bytes.count, &composed, options)
      defer { free(composed) }
      return count < 0
        ? String(decoding: bytes, as: UTF8.self)
        : String(decoding: UnsafeBufferPointer(start: composed, count: count), as: UTF8.self)
    }
  }

  /// Scalars that may compose with what precedes them, or decompose.
  private static func mayChange(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x900...0xDFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1B00...0x1B7F, 0x11000...0x11FFF,
      0x16000...0x16FFF:
      true
    default:
      scalar.properties.canonicalCombiningClass != .notReordered
        || scalar.properties.isFullCompositionExclusion
    }
  }

  /// Marks that the library's Unicode does not know, and U+11A7, which only looks like
  /// a final consonant and which utf8proc swallows after a Hangul syllable.
  private static func passesUnchanged(_ value: UInt32) -> Bool {
    value == 0x11A7 || UnicodeVersion.newerMarks.contains { $0.contains(value) }
  }
}
