package import Schemas

/// A schema as llguidance is told it.
extension GrammarEngine {
  /// Without space that grows, which models else go on with for ever; of `oneOf`, whichever fits: a
  /// validator looks at it afterwards.
  /// - Parameter isSpaced: a space stands behind commas and colons, as models write calls.
  package static func told(_ schema: JSONSchema, isSpaced: Bool = false) -> JSONTree {
    var rules = [
      JSONTree.Member("whitespace_flexible", .bool(false)),
      JSONTree.Member("coerce_one_of", .bool(true)),
    ]
    if isSpaced {
      rules += [
        JSONTree.Member("item_separator", .string(", ")),
        JSONTree.Member("key_separator", .string(": ")),
      ]
    }
    return schema.rewritten(formatTold).with("x-guidance", .object(rules))
  }

  /// Names that JSON Schema gives no meaning say nothing (2020-12, section 7.2.3): others may have
  /// given them one. Dates and times are told as patterns, since the library's take days that no
  /// month has, and leap seconds.
  private static func formatTold(_ members: [JSONTree.Member]) -> [JSONTree.Member] {
    members.flatMap { member -> [JSONTree.Member] in
      guard member.name == "format", let format = member.value.string else {
        return JSONSchema.marks.contains(member.name) ? [] : [member]
      }
      guard JSONSchema.formats.contains(format) else { return [] }
      let hasPattern = members.contains { $0.name == "pattern" }
      guard !hasPattern, let pattern = patterns[format] else { return [member] }
      return [JSONTree.Member("pattern", .string("^(\(pattern))$"))]
    }
  }

  private static let patterns = ["date": date, "time": time, "date-time": "(\(date))T\(time)"]
  /// Of RFC 3339, without leap seconds and finer parts of a second than programs keep.
  private static let time =
    #"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"#
    + #"(Z|[+\-]([01][0-9]|2[0-3]):[0-5][0-9])"#
  /// From the year 100 to 2999, within which years of texts lie.
  private static let century = "(0[1-9]|[12][0-9])"
  private static let date =
    century + "[0-9][0-9]-("
    + "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    + "|02-(0[1-9]|1[0-9]|2[0-8]))"
    + "|(\(century)(0[48]|[2468][048]|[13579][26])|(04|08|12|16|20|24|28)00)-02-29"
}
