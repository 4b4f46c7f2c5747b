/// Something about a database that is not as it should be.
package struct Finding: Sendable, Encodable {
  package enum Level: String, Sendable, Encodable { case warning, problem }

  /// What was looked at.
  package let check: String
  package let level: Level
  package let found: String
  /// What to do about it.
  package let remedy: String

  package init(check: String, level: Level, found: String, remedy: String) {
    self.check = check
    self.level = level
    self.found = found
    self.remedy = remedy
  }
}
