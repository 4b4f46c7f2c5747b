/// The constants of answering that were chosen on development data, and on nothing else.
///
/// `docproc model tune answers` chooses `threshold`, `wordsWeight` and `spread` anew, from what
/// evaluations recorded: those of `chosen` from logs with passages, those of `fromReading` from logs
/// of `--from reading`. They were chosen on SQuAD 1.1's and 2.0's development articles, and on tales
/// and books that training did not see, with questions about them and about others.
/// `docproc model tune doubt` chooses `doubtful` and `doubtWords`: on 45 answers about SQuAD 1.1's
/// development articles, of 4,096 tokens each, from passages.
package struct AnswerTuning: Sendable, Equatable, Codable {
  /// Log odds above which an answer is given.
  package var threshold = 2.8
  /// What the question's words count beside the model's doubt.
  package var wordsWeight = 1.25
  /// What the model's doubt counts less where evidence is spread.
  package var spread = 0.0

  /// A passage that names all of what is asked is to win over a surer answer from one that does
  /// not.
  package var matchWeight = 2.0
  /// The weight below which a candidate is no good answer.
  package var sure = -0.5
  /// The sureness below which an answer is given as uncertain.
  package var doubtful = -0.7
  /// What the question's words count in it beside the answer's likelihood.
  package var doubtWords = 0.5
  /// What repeating the question costs: it loses to a good answer, but may be all there is ("Is
  /// it A or B?").
  package var repetition = 1.0

  /// Passages that are each answered to alone.
  package var singles = 3
  /// Stretches that are shown at once, each time more.
  package var views = [3, 6, 8]

  /// Highlights that are condensed at once.
  package var highlightsAtOnce = 2
  /// Of a summary's sentence the share of content words that one place of the text must hold.
  package var borneOut = 0.75

  package init() {}

  package static let chosen = AnswerTuning()

  /// Where no passages are shown, a model's doubt is another one.
  package static let fromReading = {
    var tuning = AnswerTuning()
    tuning.threshold = -0.4
    tuning.wordsWeight = 1
    tuning.spread = 1
    return tuning
  }()
}
