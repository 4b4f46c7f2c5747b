import Answering
import ArgumentParser

/// How an answer is to be written, for every command that has one written.
struct WritingOptions: ParsableArguments {
  @Option(
    help: """
      What an answer or summary is written from: reading (what the model remembers), passages (the \
      best ones alone, without a reading), or reading+passages; default: as the model was measured.
      """)
  var from: AnswerRoute?

  @Flag(help: "Read with the question in mind, instead of once for any question.")
  var focused = false

  @Option(help: "Tokens of an answer, at most.")
  var maxAnswerTokens: Int?

  @Option(help: "Whether the reading is kept, so that later questions need not wait for it.")
  var keep = Keeping.yes

  enum Keeping: String, ExpressibleByArgument, CaseIterable { case yes, no }

  @Flag(help: "Read on where the model's context ends, whatever becomes of the answer.")
  var beyondContext = false

  @Option(
    help: """
      Tokens that a model may think before it answers, at most. Default: 0 if it can be told not to \
      think, else 1024.
      """)
  var thinkTokens: Int?

  @Option(
    help: "Answers that are weighed against each other; the one of the lowest energy is given.")
  var effort: Int?

  func validate() throws {
    if let count = effort, !AnswerOptions.effortLimits.contains(count) {
      throw ValidationError(
        "--effort is \(count), but must be within \(AnswerOptions.effortLimits)")
    }
    if let most = thinkTokens, !AnswerOptions.thinkLimits.contains(most) {
      throw ValidationError(
        "--think-tokens is \(most), but must be within \(AnswerOptions.thinkLimits)")
    }
    if let most = maxAnswerTokens, !AnswerOptions.tokenLimits.contains(most) {
      throw ValidationError(
        "--max-answer-tokens is \(most), but must be within \(AnswerOptions.tokenLimits)")
    }
    if focused, from == .passages {
      throw ValidationError("--from passages makes no reading that could be --focused")
    }
  }

  /// A summary is as long as it has to be.
  /// - Throws: `ValidationError` when something is asked for that a summary does not heed.
  func refuseForSummary() throws {
    if thinkTokens != nil {
      throw ValidationError("--think-tokens is for answers, not for a summary")
    }
    if effort != nil { throw ValidationError("--effort is for answers, not for a summary") }
    if maxAnswerTokens != nil {
      throw ValidationError("--max-answer-tokens is for answers, not for a summary")
    }
  }
}

extension AnswerRoute: ExpressibleByArgument {}
