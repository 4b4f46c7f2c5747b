import Foundation
import Testing

@testable import Tokenizer

/// Patterns of others that never end, or never should.
@Suite struct HostilePatternTests {
  @Test(arguments: [
    ("(?R)a|a", true), ("(?:(?R)|a)", true), ("(a)(?1)", true), ("(?<x>a)(?&x)", true),
    ("(?P<x>a)(?P>x)", true), ("(a)(?-1)", true), ("(a)\\g<1>", true), ("\\((?:a)", false),
    ("(?i:'s|'t)|\\p{L}+", false), ("[(?R)]", false), ("(?!\\S)", false), ("(?<x>a)", false),
    ("\\(?R\\)", false), (PreTokenizer.gpt2Pattern, false),
  ])
  func patternsThatCallThemselvesAreRefused(pattern: String, isRefused: Bool) {
    #expect(PatternTranslation.callsItself(pattern) == isRefused)
  }

  @Test(.timeLimit(.minutes(1)))
  func aPatternThatTriesEveryWayIsAnErrorAndNoTrap() throws {
    let splits = try PreTokenizer([.init(pattern: "(?:a+)+$", kept: .matchesAndGaps)])
    let text = Array((String(repeating: "a", count: 60) + "!").utf8)
    var pieces = 0
    text.withUnsafeBufferPointer { splits.forEachPiece($0) { _ in pieces += 1 } }
    #expect(splits.failure != nil)
  }
}
