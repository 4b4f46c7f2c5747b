/// What of a value is not as its schema has it.
package struct SchemaViolation: Sendable, Equatable, CustomStringConvertible {
  package let place: JSONPointer
  package let keyword: String
  package let reason: String

  package var description: String {
    "'\(keyword)' at \(place.parts.isEmpty ? "the top" : place.description): \(reason)"
  }
}

/// Holds values against a schema, by all keywords of JSON Schema 2020-12 and of draft 7 that do
/// not need another document.
package final class SchemaValidator {
  static let types = ["null", "boolean", "object", "array", "number", "string", "integer"]
  /// References that lead to each other, at most.
  private static let mostDepth = 200
  /// Schemas that are held against a value, at most: where they lead to each other there may be
  /// more ways than atoms.
  private static let mostSteps = 1_000_000

  private let root: JSONTree
  private var patterns: [String: SchemaPattern] = [:]
  private var depth = 0
  private var steps = 0

  package init(_ schema: JSONSchema) { root = schema.tree }

  /// - Returns: the first thing that is wrong; nil for a valid value.
  package func violation(of value: JSONTree) -> SchemaViolation? {
    depth = 0
    steps = 0
    return check(value, root, JSONPointer())
  }

  private func isValid(_ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer) -> Bool {
    check(value, schema, place) == nil
  }

  private func check(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    if let allowed = schema.bool {
      return allowed ? nil : wrong(place, "false", "nothing may stand here")
    }
    depth += 1
    defer { depth -= 1 }
    steps += 1
    guard depth <= Self.mostDepth, steps <= Self.mostSteps else {
      return wrong(place, "$ref", "leads too deep")
    }
    return ofReference(value, schema, place) ?? ofAny(value, schema, place)
      ?? ofNumber(value, schema, place) ?? ofString(value, schema, place)
      ?? ofArray(value, schema, place) ?? ofObject(value, schema, place)
      ?? combined(value, schema, place)
  }

  private func wrong(
    _ place: JSONPointer, _ keyword: String, _ reason: String
  ) -> SchemaViolation {
    SchemaViolation(place: place, keyword: keyword, reason: reason)
  }

  private func ofReference(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    guard let text = schema["$ref"]?.string else { return nil }
    guard let target = JSONPointer(text: String(text.dropFirst()))?.value(in: root) else {
      return wrong(place, "$ref", "\(text) is not there")
    }
    return check(value, target, place)
  }

  // MARK: Any value

  private func ofAny(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    if let given = schema["type"] {
      let names = (given.array ?? [given]).compactMap(\.string)
      if !names.contains(where: { Self.isA($0, value) }) {
        return wrong(place, "type", "it is no \(names.joined(separator: " or "))")
      }
    }
    if let all = schema["enum"]?.array, !all.contains(where: { $0.isSame(as: value) }) {
      return wrong(place, "enum", "\(value.text.prefix(60)) is none of the values")
    }
    if let wanted = schema["const"], !wanted.isSame(as: value) {
      return wrong(place, "const", "it is not \(wanted.text.prefix(60))")
    }
    return nil
  }

  private static func isA(_ type: String, _ value: JSONTree) -> Bool {
    switch value {
    case .null: type == "null"
    case .bool: type == "boolean"
    case .number: type == "number" || type == "integer" && value.decimal?.isWhole == true
    case .string: type == "string"
    case .array: type == "array"
    case .object: type == "object"
    }
  }

  // MARK: Numbers and texts

  private func ofNumber(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    guard let number = value.decimal else { return nil }
    let rules: [(String, (DecimalNumber, DecimalNumber) -> Bool)] = [
      ("minimum", { $0 >= $1 }), ("maximum", { $0 <= $1 }), ("exclusiveMinimum", { $0 > $1 }),
      ("exclusiveMaximum", { $0 < $1 }), ("multipleOf", { $0.isMultiple(of: $1) }),
    ]
    for (name, holds) in rules {
      if let bound = schema[name]?.decimal, !holds(number, bound) {
        return wrong(place, name, "\(value.text.prefix(40)) beside \(schema[name]?.text ?? "")")
      }
    }
    // Draft 4 has them as flags.
    if schema["exclusiveMinimum"]?.bool == true, schema["minimum"]?.decimal == number {
      return wrong(place, "exclusiveMinimum", "it is the bound itself")
    }
    if schema["exclusiveMaximum"]?.bool == true, schema["maximum"]?.decimal == number {
      return wrong(place, "exclusiveMaximum", "it is the bound itself")
    }
    return nil
  }

  private func ofString(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    guard let text = value.string else { return nil }
    let length = text.unicodeScalars.count
    if let least = schema["minLength"]?.integer, length < least {
      return wrong(place, "minLength", "\(length) characters, fewer than \(least)")
    }
    if let most = schema["maxLength"]?.integer, length > most {
      return wrong(place, "maxLength", "\(length) characters, more than \(most)")
    }
    if let given = schema["pattern"]?.string, matches(given, text) != true {
      return wrong(place, "pattern", "it does not match \(given.prefix(80))")
    }
    if let format = schema["format"]?.string, !TextFormat.isValid(text, format) {
      return wrong(place, "format", "it is no \(format.prefix(40))")
    }
    return nil
  }

  private func matches(_ pattern: String, _ text: String) -> Bool? {
    if patterns[pattern] == nil {
      patterns[pattern] = try? SchemaPattern(pattern, at: JSONPointer())
    }
    return patterns[pattern]?.matches(text)
  }

  // MARK: Lists

  private func ofArray(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    guard let all = value.array else { return nil }
    if let least = schema["minItems"]?.integer, all.count < least {
      return wrong(place, "minItems", "\(all.count), fewer than \(least)")
    }
    if let most = schema["maxItems"]?.integer, all.count > most {
      return wrong(place, "maxItems", "\(all.count), more than \(most)")
    }
    let isList = schema["items"]?.array != nil
    let first = schema["prefixItems"]?.array ?? schema["items"]?.array ?? []
    for (index, (element, rule)) in zip(all, first).enumerated() {
      if let found = check(element, rule, place.appending(index)) { return found }
    }
    if let rule = isList ? schema["additionalItems"] : schema["items"] {
      for index in all.indices.dropFirst(first.count) {
        if let found = check(all[index], rule, place.appending(index)) { return found }
      }
    }
    if schema["uniqueItems"]?.bool == true {
      for (index, element) in all.enumerated()
      where all[..<index].contains(where: { $0.isSame(as: element) }) {
        return wrong(place.appending(index), "uniqueItems", "it stands there before")
      }
    }
    return contained(all, schema, place)
  }

  private func contained(
    _ all: [JSONTree], _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    guard let rule = schema["contains"] else { return nil }
    let count = all.count { isValid($0, rule, place) }
    let least = schema["minContains"]?.integer ?? 1
    if count < least { return wrong(place, "contains", "\(count) are so, fewer than \(least)") }
    if let most = schema["maxContains"]?.integer, count > most {
      return wrong(place, "maxContains", "\(count) are so, more than \(most)")
    }
    return nil
  }

  // MARK: Objects

  private func ofObject(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    guard let members = value.members else { return nil }
    if let least = schema["minProperties"]?.integer, members.count < least {
      return wrong(place, "minProperties", "\(members.count), fewer than \(least)")
    }
    if let most = schema["maxProperties"]?.integer, members.count > most {
      return wrong(place, "maxProperties", "\(members.count), more than \(most)")
    }
    for name in schema["required"]?.array?.compactMap(\.string) ?? [] where value[name] == nil {
      return wrong(place, "required", "'\(name)' is missing")
    }
    for member in members {
      if let found = ofMember(member, schema, place) { return found }
    }
    return dependencies(value, schema, place)
  }

  private func ofMember(
    _ member: JSONTree.Member, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    let inner = place.appending(member.name)
    if let rule = schema["propertyNames"], !isValid(.string(member.name), rule, inner) {
      return wrong(inner, "propertyNames", "the name is not allowed")
    }
    var isKnown = false
    if let rule = schema["properties"]?[member.name] {
      isKnown = true
      if let found = check(member.value, rule, inner) { return found }
    }
    for rule in schema["patternProperties"]?.members ?? []
    where matches(rule.name, member.name) == true {
      isKnown = true
      if let found = check(member.value, rule.value, inner) { return found }
    }
    guard !isKnown, let rule = schema["additionalProperties"] else { return nil }
    return check(member.value, rule, inner)
  }

  private func dependencies(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
      for rule in schema[keyword]?.members ?? [] where value[rule.name] != nil {
        guard let names = rule.value.array else {
          if let found = check(value, rule.value, place) { return found }
          continue
        }
        for name in names.compactMap(\.string) where value[name] == nil {
          return wrong(place, keyword, "'\(rule.name)' needs '\(name)'")
        }
      }
    }
    return nil
  }

  // MARK: Combined

  private func combined(
    _ value: JSONTree, _ schema: JSONTree, _ place: JSONPointer
  ) -> SchemaViolation? {
    for one in schema["allOf"]?.array ?? [] {
      if let found = check(value, one, place) { return found }
    }
    if let all = schema["anyOf"]?.array, !all.contains(where: { isValid(value, $0, place) }) {
      return wrong(place, "anyOf", "it is as none of them has it")
    }
    if let all = schema["oneOf"]?.array {
      let count = all.count { isValid(value, $0, place) }
      if count != 1 { return wrong(place, "oneOf", "it is as \(count) of them have it") }
    }
    if let other = schema["not"], isValid(value, other, place) {
      return wrong(place, "not", "it is as it may not be")
    }
    if let condition = schema["if"] {
      let next = isValid(value, condition, place) ? "then" : "else"
      if let rule = schema[next], let found = check(value, rule, place) { return found }
    }
    return nil
  }
}

extension JSONTree {
  /// Equality as JSON Schema has it: 1.0 is 1, and members have no order.
  package func isSame(as other: JSONTree) -> Bool {
    switch (self, other) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number, .number): decimal != nil && decimal == other.decimal
    case (.string(let left), .string(let right)):
      left.unicodeScalars.elementsEqual(right.unicodeScalars)
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
    case (.object(let left), .object(let right)):
      left.count == right.count
        && left.allSatisfy { member in other[member.name]?.isSame(as: member.value) == true }
    default: false
    }
  }
}
