import Documents
import Testing

@testable import Retrieval

/// Words and sentences in the scripts that people write.
@Suite struct LetterTests {
  private static func found(_ text: String, _ question: String) -> String? {
    let text = QuotableText(Document(name: "a.txt", text: text))
    let scores = LexicalScores(Question(question), text)
    let none = [Double](repeating: 0, count: text.units.ranges.count)
    guard scores.hasTerms else { return nil }
    let best = Evidence(text, scores, attention: none).ranked.first
    return best.flatMap { $0.score > 0 ? text.line(ofUnit: $0.unit) : nil }
  }

  static let same: [(one: String, other: String)] = [
    ("LÖSCHBOOT", "Löschboot"), ("Élodie", "ÉLODIE"), ("caf\u{E9}", "cafe\u{301}"),
    ("ПРИВЕТ", "привет"), ("ΟΔΟΣ", "οδος"), ("ｐｏｒｔ", "port"), ("har\u{AD}bour", "harbour"),
    ("Straße", "STRASSE"), ("ﬁsh", "fish"), ("İstanbul", "i\u{307}stanbul"), ("running", "RUN"),
    ("كتاب", "كتاب"), ("कप्तान", "कप्तान"),
  ]

  @Test(arguments: same)
  func wordsAreComparedWithoutCaseAndForm(one: String, other: String) {
    #expect(Words.stems(of: one) == Words.stems(of: other))
    #expect(Words.stems(of: one).count == 1)
  }

  static let separated: [(text: String, words: Int)] = [
    ("The\u{A0}pilot\u{202F}is", 3), ("«Polaris»", 1), ("¿Cuándo", 1), ("port？", 1),
    ("السفينة،الميناء", 2), ("„Haus“", 1), ("a—b", 2), ("one…two", 2), ("état-major", 2),
    ("नाव।कप्तान", 2), ("３５％", 1), ("x\u{200B}y", 1), ("20€", 1),
  ]

  @Test(arguments: separated)
  func marksAreNoLetters(text: String, words: Int) {
    #expect(Words.stems(of: text).count == words)
  }

  @Test(arguments: [("鱼市场", 2), ("守塔人叫李明", 5), ("猫", 1), ("カフェ は", 3), ("เรือ", 3), ("등대는", 2)])
  func lettersWithoutSpacesStandInPairs(text: String, pairs: Int) {
    #expect(Words.stems(of: text).count == pairs)
    #expect(Words.stems(of: text + "A").count == pairs + 1)
  }

  static let questions: [(text: String, question: String, quote: String)] = [
    (
      "灯塔建于一八九二年。鱼市场在一九三四年烧毁。守塔人叫李明。", "哪一年鱼市场被烧毁了？", "鱼市场在一九三四年烧毁。"
    ),
    ("灯台は海の近くにあります。船長の名前は山田です。", "船長の名前は何ですか？", "船長の名前は山田です。"),
    ("ประภาคารสร้างเมื่อปี 2435 กัปตันชื่อสมชาย", "กัปตันชื่ออะไร", "ประภาคารสร้างเมื่อปี 2435 กัปตันชื่อสมชาย"),
    ("등대는 1892년에 세워졌다. 선장의 이름은 김민수이다.", "선장의 이름은 무엇인가?", "선장의 이름은 김민수이다."),
    ("नाव का नाम तारा है। कप्तान का नाम रवि है। रसोइया का नाम मोहन है।", "कप्तान कौन है?", "कप्तान का नाम रवि है।"),
    ("هل البحر هادئ؟ القبطان هو سالم. الطباخ هو عمر.", "من هو القبطان؟", "القبطان هو سالم."),
    (
      "Das LÖSCHBOOT ist rot. Der Kran ist blau.", "Welche Farbe hat das Löschboot?",
      "Das LÖSCHBOOT ist rot."
    ),
    (
      "The\u{A0}pilot\u{A0}is\u{A0}Hugo\u{A0}Lane. The cook is Per.", "Who is the pilot?",
      "The pilot is Hugo Lane."
    ),
  ]

  @Test(arguments: questions)
  func questionsFindTheirSentence(text: String, question: String, quote: String) {
    #expect(Self.found(text, question) == quote)
  }

  static let sentences: [(text: String, sentences: [String])] = [
    ("नाव तारा है। कप्तान रवि है॥ अंत", ["नाव तारा है।", "कप्तान रवि है॥", "अंत"]),
    ("هل أنت هنا؟ نعم۔ انا هنا.", ["هل أنت هنا؟", "نعم۔", "انا هنا."]),
    ("Er sagte: „Ich gehe.“ Dann ging er.", ["Er sagte: „Ich gehe.“", "Dann ging er."]),
    ("Il dit : « Je pars. » Puis il part.", ["Il dit : « Je pars. »", "Puis il part."]),
    ("Il dit : «\u{A0}Je pars.\u{A0}» Puis.", ["Il dit : «\u{A0}Je pars.\u{A0}»", "Puis."]),
    ("「行きます。」と彼は言った。次の日。", ["「行きます。」", "と彼は言った。", "次の日。"]),
    ("He left. “Come,” she said.", ["He left.", "“Come,” she said."]),
    ("Ո՞վ է։ Նա է։", ["Ո՞վ է։", "Նա է։"]),
  ]

  @Test(arguments: sentences)
  func sentencesEndInEveryScript(text: String, sentences: [String]) {
    let text = QuotableText(Document(name: "a.txt", text: text))
    let found = text.units.ranges.indices.map { text.excerpt(ofUnit: $0).text }
    #expect(found == sentences)
  }
}
