/// A number of JSON, exactly: its digits and where the point stands.
package struct DecimalNumber: Sendable, Hashable, Comparable {
  /// Without zeros at both ends; empty for 0.
  private let digits: [UInt8]
  /// The value is 0.DIGITS times ten to this power.
  private let exponent: Int
  private let isNegative: Bool

  private static let mostExponent = 1_000_000

  /// - Parameter text: a number as RFC 8259 has it.
  /// - Returns: nil for another text, and for exponents beyond a million.
  package init?(_ text: String) {
    var rest = Substring(text)
    let isNegative = rest.first == "-"
    if isNegative { rest.removeFirst() }
    var power = 0
    if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      let written = rest[rest.index(after: mark)...]
      guard let value = Int(written.first == "+" ? written.dropFirst() : written),
        abs(value) <= Self.mostExponent
      else { return nil }
      power = value
      rest = rest[..<mark]
    }
    let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let all = parts.joined().utf8.map { $0 &- 48 }
    guard !all.isEmpty, all.allSatisfy({ $0 < 10 }), let whole = parts.first else { return nil }
    let leading = all.prefix { $0 == 0 }.count
    var kept = Array(all.dropFirst(leading))
    while kept.last == 0 { kept.removeLast() }
    digits = kept
    exponent = kept.isEmpty ? 0 : whole.utf8.count - leading + power
    self.isNegative = isNegative && !kept.isEmpty
  }

  package init(_ value: Int) {
    self = DecimalNumber(String(value)) ?? DecimalNumber(digits: [], exponent: 0, isNegative: false)
  }

  private init(digits: [UInt8], exponent: Int, isNegative: Bool) {
    self.digits = digits
    self.exponent = exponent
    self.isNegative = isNegative
  }

  package var isWhole: Bool { digits.count <= max(exponent, 0) }

  /// nil where it is not whole, or too large.
  package var integer: Int? {
    guard isWhole, exponent <= 19 else { return nil }
    var value = 0
    for place in 0..<exponent {
      let digit = Int(place < digits.count ? digits[place] : 0)
      let (times, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isMore) = times.subtractingReportingOverflow(digit)
      if isOver || isMore { return nil }
      value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }

  package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
    let (a, b) = (left.sign, right.sign)
    if a != b { return a < b }
    return a < 0 ? right.isSmaller(than: left) : left.isSmaller(than: right)
  }

  private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }

  /// Without regard to the signs.
  private func isSmaller(than other: DecimalNumber) -> Bool {
    if exponent != other.exponent { return exponent < other.exponent }
    return digits.lexicographicallyPrecedes(other.digits)
  }

  /// True where it is a whole number of times the other, which is not 0.
  package func isMultiple(of other: DecimalNumber) -> Bool {
    if digits.isEmpty { return true }
    if other.digits.isEmpty { return false }
    // Both as whole numbers of the same unit: long division tells the remainder.
    let unit = min(exponent - digits.count, other.exponent - other.digits.count)
    let zeros = exponent - digits.count - unit
    let otherZeros = other.exponent - other.digits.count - unit
    guard zeros <= 10_000, otherZeros <= 17 else { return false }
    var divisor = 0
    for digit in other.digits + [UInt8](repeating: 0, count: otherZeros) {
      let (times, isOver) = divisor.multipliedReportingOverflow(by: 10)
      guard !isOver, times <= Int.max / 20 else { return false }
      divisor = times + Int(digit)
    }
    var rest = 0
    for digit in digits + [UInt8](repeating: 0, count: zeros) {
      rest = (rest * 10 + Int(digit)) % divisor
    }
    return rest == 0
  }
}
