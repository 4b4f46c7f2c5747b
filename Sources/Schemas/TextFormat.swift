/// Formats of texts that JSON Schema names; what has another name is not held against anything.
enum TextFormat {
  static func isValid(_ text: String, _ format: String) -> Bool {
    switch format {
    case "date-time":
      text.utf8.count > 10 && isDate(text.prefix(10))
        && "Tt".contains(text[text.index(text.startIndex, offsetBy: 10)])
        && isTime(text.dropFirst(11))
    case "date": isDate(text[...])
    case "time": isTime(text[...])
    case "duration": isDuration(text)
    case "email", "idn-email": isEmail(text)
    case "hostname": isHostname(text)
    case "ipv4": isIPv4(text[...])
    case "ipv6": isIPv6(text)
    case "uuid": text.wholeMatch(of: #/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/#) != nil
    case "uri": text.wholeMatch(of: #/[A-Za-z][A-Za-z0-9+.\-]*:[!-~]*/#) != nil
    case "json-pointer": JSONPointer(text: text) != nil
    default: true
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
  }

  private static func isDate(_ text: Substring) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [4, 2, 2], let year = number(parts[0]),
      let month = number(parts[1]), let day = number(parts[2]), (1...12).contains(month)
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...days[month - 1]).contains(day)
  }

  /// Of RFC 3339, with its offset.
  private static func isTime(_ text: Substring) -> Bool {
    let pattern = #/([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|[+\-]([0-9]{2}):([0-9]{2}))/#
    guard let match = text.wholeMatch(of: pattern), let hour = number(match.1),
      let minute = number(match.2), let second = number(match.3)
    else { return false }
    let offset = (number(match.6 ?? "0") ?? 99, number(match.7 ?? "0") ?? 99)
    // A leap second comes at one moment of a few years: most programs take none.
    return hour < 24 && minute < 60 && second < 60 && offset.0 < 24 && offset.1 < 60
  }

  private static func isDuration(_ text: String) -> Bool {
    let days =
      #/P(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)/#
    return text.wholeMatch(of: days) != nil && text != "P" && !text.hasSuffix("T")
  }

  private static func isEmail(_ text: String) -> Bool {
    guard let mark = text.lastIndex(of: "@") else { return false }
    let (name, host) = (text[..<mark], text[text.index(after: mark)...])
    let isPlain = name.utf8.allSatisfy { (33...126).contains($0) || $0 > 127 }
    return !name.isEmpty && isPlain && !host.isEmpty && !host.contains(" ")
  }

  private static func isHostname(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return text.utf8.count <= 253
      && parts.allSatisfy {
        $0.wholeMatch(of: #/[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?/#) != nil
      }
  }

  private static func isIPv4(_ text: Substring) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        (1...3).contains(part.utf8.count) && (number(part) ?? 256) < 256
          && (part.utf8.count == 1 || part.first != "0")
      }
  }

  private static func isIPv6(_ text: String) -> Bool {
    guard !text.contains(":::") else { return false }
    let halves = text.components(around: "::")
    guard halves.count <= 2 else { return false }
    var count = 0
    for (place, half) in halves.enumerated() where !half.isEmpty {
      let groups = half.split(separator: ":", omittingEmptySubsequences: false)
      for (index, group) in groups.enumerated() {
        let isLast = place == halves.count - 1 && index == groups.count - 1
        if isLast, group.contains(".") {
          guard isIPv4(group) else { return false }
          count += 2
        } else {
          guard (1...4).contains(group.utf8.count), group.allSatisfy(\.isHexDigit) else {
            return false
          }
          count += 1
        }
      }
    }
    return halves.count == 2 ? count < 8 : count == 8
  }
}

extension String {
  fileprivate func components(around mark: String) -> [Substring] {
    var found: [Substring] = []
    var rest = self[...]
    while let range = rest.firstRange(of: mark) {
      found.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return found + [rest]
  }
}
