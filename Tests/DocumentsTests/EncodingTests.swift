import Documents
import Foundation
import TestSupport
import Testing

/// Text in the encodings that people have, told by itself or read with a word about it.
@Suite struct EncodingTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func load(_ data: Data, encoding: String? = nil) throws -> Document {
    try DocumentLoader(encoding: encoding).load(try directory.write("a.txt", data))
  }

  private static func encoded(_ text: String, _ name: String) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/iconv")
    process.arguments = ["-f", "UTF-8", "-t", name]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data(text.utf8))
    try input.fileHandleForWriting.close()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
  }

  private static let english = "She wrote \u{201C}Good day,\u{201D} says Señor Núñez at the café. "
  private static let german = "Der Müßiggänger läuft über die Straße; das Öl ist für Ärzte. "
  private static let french = "Le garçon naïf a dîné à l’hôtel, où l’été fut très agréable. "
  private static let japanese = "灯台は海の近くにあります。船長の名前は山田です。\n"
  private static let russian = "Все счастливые семьи похожи друг на друга, каждая несчастлива. "

  static let sure: [(name: String, text: String)] = [
    ("ISO-2022-JP", japanese), ("SHIFT-JIS", japanese), ("EUC-JP", japanese),
    ("UTF-16LE", english), ("UTF-16BE", english), ("UTF-16LE", japanese), ("UTF-16BE", russian),
    ("ISO-2022-KR", "등대는 바다 가까이에 있습니다. 선장의 이름은 김입니다.\n"),
    ("KOI8-R", russian), ("WINDOWS-1251", russian), ("CP866", russian), ("ISO-8859-5", russian),
    ("BIG5", "燈塔建於一八九二年。魚市場在一九三四年燒毀。守塔人叫李明。\n"),
    ("GB18030", "灯塔建于一八九二年。鱼市场在一九三四年烧毁。守塔人叫李明。\n"),
  ]

  @Test(arguments: sure)
  func toldByItself(name: String, text: String) throws {
    let text = String(repeating: text, count: 12)
    let document = try load(try Self.encoded(text, name))
    #expect(document.text == text)
    #expect(document.notes == [])
  }

  static let western: [(name: String, text: String)] = [
    ("WINDOWS-1252", english), ("WINDOWS-1252", german), ("WINDOWS-1252", french),
    ("MACINTOSH", english), ("MACINTOSH", german), ("MACINTOSH", french),
    ("CP437", german), ("CP850", german), ("CP437", "Le café naïf, déjà vu, à côté d'un pâté. "),
    ("CP850", "Señor Núñez vivió en España, según él. "),
  ]

  /// Never other letters in silence: the right ones, or a word that it is a guess.
  @Test(arguments: western)
  func westernTextIsReadRight(name: String, text: String) throws {
    for count in [1, 10] {
      let text = String(repeating: text, count: count)
      let document = try load(try Self.encoded(text, name))
      #expect(document.text == text, "\(name) x\(count): \(document.notes)")
    }
  }

  @Test func oneAccentIsAGuess() throws {
    let document = try load(Data("/* Written by Andr".utf8) + [0xE9] + Data(". */\n".utf8))
    #expect(document.text == "/* Written by André. */\n")
    #expect(
      document.notes.count == 1 && document.notes[0].contains("WINDOWS-1252, which is a guess"))
    let named = try load(
      Data("Andr".utf8) + [0x8E] + Data(" wrote.".utf8), encoding: "MACINTOSH")
    #expect(named.text == "André wrote." && named.notes == [])
  }

  static let damaged: [(name: String, bytes: Data, text: String)] = [
    (
      "stray", Data("The gate ".utf8) + [0xFF, 0xFE] + Data(" opens.".utf8),
      "The gate \u{FFFD}\u{FFFD} opens."
    ),
    ("cut", Data("caf".utf8) + [0xC3], "caf\u{FFFD}"),
    ("mixed", Data("déjà vu ".utf8) + [0xE9, 0x20, 0xE9], "déjà vu \u{FFFD} \u{FFFD}"),
    (
      "NUL", Data("The gate opens at 0815.\n\0The keeper is Ola.\n".utf8),
      "The gate opens at 0815.\n\u{FFFD}The keeper is Ola.\n"
    ),
    ("marked", Data([0xEF, 0xBB, 0xBF]) + Data("x ".utf8) + [0xE9], "x \u{FFFD}"),
  ]

  @Test(arguments: damaged)
  func damageIsReadAndSaid(name: String, bytes: Data, text: String) throws {
    let document = try load(bytes)
    #expect(document.text == text)
    #expect(
      document.notes.count == 1 && document.notes[0].hasPrefix("a.txt: "), "\(document.notes)")
  }

  @Test func aNamedEncodingCountsWhereNothingElseTells() throws {
    let utf8 = try load(Data("déjà vu".utf8), encoding: "ISO-8859-1")
    #expect(utf8.text == "déjà vu")
    #expect(try load(try Self.encoded("abc é", "UTF-16BE"), encoding: "UTF-16BE").text == "abc é")
  }
}
