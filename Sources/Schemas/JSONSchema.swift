/// A JSON Schema that an answer is written under, within what docproc takes.
package struct JSONSchema: Sendable, Equatable {
  package let tree: JSONTree

  /// Larger ones are no description of an answer, and take long to compile.
  package static let mostBytes = 64 << 10
  private static let mostDepth = 64
  private static let mostValues = 1000
  private static let mostSubschemas = 2000
  private static let longestPattern = 1000

  /// A property by which the objects of several parts are the same one.
  package static let keyMark = "x-docproc-key"
  /// A text that stands in the document as it is, or need not.
  package static let verbatimMark = "x-docproc-verbatim"
  /// What docproc alone reads.
  package static let marks: Set<String> = [keyMark, verbatimMark]

  /// - Throws: `SchemaError` that names keyword and place; `JSONError` is told in one.
  package init(text: String) throws {
    guard text.utf8.count <= Self.mostBytes else {
      throw SchemaError(
        "it has \(text.utf8.count) bytes; at most \(Self.mostBytes) are taken")
    }
    do {
      try self.init(tree: JSONTree(parsing: text, mostDepth: Self.mostDepth))
    } catch let error as JSONError {
      throw SchemaError("it is no JSON: \(error)")
    }
  }

  /// - Throws: `SchemaError`
  package init(tree: JSONTree) throws {
    self.tree = tree
    guard tree.members != nil else {
      throw SchemaError("it must be an object; \(tree.text.prefix(40)) is none")
    }
    var check = Check(root: tree)
    try check.schema(tree, at: JSONPointer())
    guard check.count <= Self.mostSubschemas else {
      throw SchemaError("it has more than \(Self.mostSubschemas) schemas within it")
    }
    guard Endings(root: tree).canEnd(tree) else {
      throw SchemaError(
        JSONPointer(), "$ref", "leads back to itself: no value of finite length is valid")
    }
  }

  /// Without what docproc alone reads.
  package var plain: JSONTree { rewritten { $0.filter { !Self.marks.contains($0.name) } } }

  /// Formats of texts that JSON Schema gives a meaning (2020-12, section 7.3).
  package static let formats: Set<String> = [
    "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname",
    "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template",
    "json-pointer", "relative-json-pointer", "regex",
  ]

  /// Keywords that hold schemas under names of their own, and those that hold values.
  private static let maps = [
    "properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
  ]
  private static let values = ["enum", "const", "default", "examples"]

  /// The schema in which the keywords of each schema within it are what `body` makes of them.
  package func rewritten(_ body: ([JSONTree.Member]) -> [JSONTree.Member]) -> JSONTree {
    func rewritten(_ tree: JSONTree, isMap: Bool) -> JSONTree {
      if let elements = tree.array { return .array(elements.map { rewritten($0, isMap: false) }) }
      guard let members = tree.members else { return tree }
      let inner = members.map { member in
        if !isMap, Self.values.contains(member.name) { return member }
        let isMap = !isMap && Self.maps.contains(member.name)
        return JSONTree.Member(member.name, rewritten(member.value, isMap: isMap))
      }
      return .object(isMap ? inner : body(inner))
    }
    return rewritten(tree, isMap: false)
  }

  /// The property of objects under a schema that tells which of them are the same.
  package func key(of schema: JSONTree) -> String? {
    let target = schema["$ref"]?.string.flatMap {
      JSONPointer(text: String($0.dropFirst()))?.value(in: tree)
    }
    return (target ?? schema)["properties"]?.members?.first {
      $0.value[Self.keyMark] == .bool(true)
    }?.name
  }

  /// The first place of a keyword; nil where it does not stand.
  package func place(ofKeyword keyword: String) -> JSONPointer? {
    func look(_ tree: JSONTree, _ place: JSONPointer, _ isMap: Bool) -> JSONPointer? {
      for (index, element) in (tree.array ?? []).enumerated() {
        if let found = look(element, place.appending(index), false) { return found }
      }
      for member in tree.members ?? [] {
        if member.name == keyword, !isMap { return place }
        let isValue = !isMap && Self.values.contains(member.name)
        let isMap = !isMap && Self.maps.contains(member.name)
        let inner = place.appending(member.name)
        if !isValue, let found = look(member.value, inner, isMap) { return found }
      }
      return nil
    }
    return look(tree, JSONPointer(), false)
  }

  /// Names of all properties with their descriptions: what is to be looked for in a text.
  package var words: String {
    var found: [String] = []
    func look(_ tree: JSONTree) {
      for name in ["title", "description"] {
        if let text = tree[name]?.string { found.append(text) }
      }
      for property in tree["properties"]?.members ?? [] {
        found.append(Self.spoken(property.name))
        look(property.value)
      }
      for name in ["items", "additionalProperties"] {
        if let inner = tree[name] { look(inner) }
      }
      for name in ["anyOf", "oneOf", "allOf"] {
        for one in tree[name]?.array ?? [] { look(one) }
      }
      for name in ["$defs", "definitions"] {
        for one in tree[name]?.members ?? [] { look(one.value) }
      }
    }
    look(tree)
    return found.joined(separator: " ")
  }

  /// `firstName` and `first_name` as people say them.
  package static func spoken(_ name: String) -> String {
    var words = ""
    var wasSmall = false
    for character in name {
      if character == "_" || character == "-" || character == "." {
        words += " "
      } else {
        if character.isUppercase, wasSmall { words += " " }
        words += character.lowercased()
      }
      wasSmall = character.isLowercase
    }
    return words
  }

  /// Goes through all schemas within one.
  private struct Check {
    let root: JSONTree
    var count = 0

    private static let nested = [
      "items", "additionalProperties", "additionalItems", "contains", "not", "if", "then", "else",
      "propertyNames", "unevaluatedItems", "unevaluatedProperties",
    ]
    private static let lists = ["allOf", "anyOf", "oneOf", "prefixItems", "items"]

    mutating func schema(_ tree: JSONTree, at place: JSONPointer) throws {
      count += 1
      if tree.bool != nil { return }
      guard let members = tree.members else {
        throw SchemaError(place, nil, "must be an object, true or false")
      }
      try reference(tree, place)
      try values(tree, place)
      try bounds(tree, place)
      for name in JSONSchema.marks.sorted() where tree[name].map({ $0.bool == nil }) ?? false {
        throw SchemaError(place, name, "must be true or false")
      }
      for member in members {
        let inner = place.appending(member.name)
        if member.name == "x-guidance" {
          throw SchemaError(place, member.name, "is docproc's own: leave it out")
        }
        if Self.lists.contains(member.name), let all = member.value.array {
          if all.isEmpty, member.name != "items", member.name != "prefixItems" {
            throw SchemaError(place, member.name, "has no schema in it")
          }
          for (index, one) in all.enumerated() { try schema(one, at: inner.appending(index)) }
        } else if Self.nested.contains(member.name) {
          try schema(member.value, at: inner)
        } else if JSONSchema.maps.contains(member.name) {
          guard let all = member.value.members else {
            throw SchemaError(place, member.name, "must be an object")
          }
          for one in all {
            if member.name == "patternProperties" {
              try pattern(.string(one.name), member.name, place)
            }
            try schema(one.value, at: inner.appending(one.name))
          }
        }
      }
    }

    private func reference(_ tree: JSONTree, _ place: JSONPointer) throws {
      for name in ["$dynamicRef", "$recursiveRef"] where tree[name] != nil {
        throw SchemaError(place, name, "is not taken; write '$ref' with a place in this schema")
      }
      guard let given = tree["$ref"] else { return }
      guard let text = given.string, text.hasPrefix("#") else {
        throw SchemaError(
          place, "$ref",
          "leads to \(given.text.prefix(100)), outside of this schema: nothing is "
            + "fetched")
      }
      guard let target = JSONPointer(text: String(text.dropFirst())),
        target.value(in: root) != nil
      else { throw SchemaError(place, "$ref", "leads to \(text.prefix(100)), which is not there") }
    }

    private func values(_ tree: JSONTree, _ place: JSONPointer) throws {
      if let given = tree["enum"] {
        guard let all = given.array, !all.isEmpty else {
          throw SchemaError(place, "enum", "must be a list with a value in it")
        }
        guard all.count <= JSONSchema.mostValues else {
          throw SchemaError(
            place, "enum", "has \(all.count) values; at most \(JSONSchema.mostValues) are taken")
        }
      }
      if let given = tree["type"] {
        let names = given.array ?? [given]
        for name in names {
          guard let text = name.string, SchemaValidator.types.contains(text) else {
            throw SchemaError(place, "type", "has \(name.text.prefix(60)), which is no type")
          }
        }
        guard !names.isEmpty else { throw SchemaError(place, "type", "names no type") }
      }
      if let given = tree["pattern"] { try pattern(given, "pattern", place) }
      if let given = tree["required"] {
        guard let all = given.array, all.allSatisfy({ $0.string != nil }) else {
          throw SchemaError(place, "required", "must be a list of names")
        }
        for name in all.compactMap(\.string) where tree["properties"]?[name] == .bool(false) {
          throw SchemaError(place, "required", "has '\(name.prefix(60))', which may not be there")
        }
      }
    }

    private func pattern(_ given: JSONTree, _ keyword: String, _ place: JSONPointer) throws {
      guard let text = given.string else { throw SchemaError(place, keyword, "must be a text") }
      guard text.utf8.count <= JSONSchema.longestPattern else {
        throw SchemaError(
          place, keyword, "is longer than \(JSONSchema.longestPattern) bytes")
      }
      _ = try SchemaPattern(text, at: place)
    }

    private func bounds(_ tree: JSONTree, _ place: JSONPointer) throws {
      for (least, most) in [
        ("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"),
      ] {
        let low = try count(least, tree, place)
        if let high = try count(most, tree, place), let low, low > high {
          throw SchemaError(place, least, "is \(low), above '\(most)', \(high)")
        }
      }
      let names = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"]
      for name in names {
        guard let given = tree[name], given.bool == nil else { continue }
        guard given.decimal != nil else { throw SchemaError(place, name, "must be a number") }
      }
      if let unit = tree["multipleOf"]?.decimal, unit <= DecimalNumber(0) {
        throw SchemaError(place, "multipleOf", "must be above 0")
      }
      for least in names.prefix(2) {
        for most in names[2..<4] {
          guard let low = tree[least]?.decimal, let high = tree[most]?.decimal else { continue }
          let isOpen = least != "minimum" || most != "maximum"
          if low > high || isOpen && low == high {
            throw SchemaError(place, least, "leaves no number below '\(most)'")
          }
        }
      }
    }

    private func count(_ name: String, _ tree: JSONTree, _ place: JSONPointer) throws -> Int? {
      guard let given = tree[name] else { return nil }
      guard let value = given.integer, value >= 0 else {
        throw SchemaError(place, name, "must be a whole number from 0")
      }
      return value
    }
  }

  /// Which schemas have a value of finite length: the least fixed point, so that schemas that lead
  /// to each other are looked at as often as there are references, and no more.
  private struct Endings {
    let root: JSONTree
    /// References that are known to.
    private var ending: Set<String> = []

    init(root: JSONTree) {
      self.root = root
      var open: [String: JSONTree] = [:]
      Self.references(root) { text in
        open[text] = JSONPointer(text: String(text.dropFirst()))?.value(in: root)
      }
      var isChanged = true
      while isChanged {
        isChanged = false
        for (reference, target) in open where canEnd(target) {
          ending.insert(reference)
          open[reference] = nil
          isChanged = true
        }
      }
    }

    private static func references(_ tree: JSONTree, _ body: (String) -> Void) {
      if let reference = tree["$ref"]?.string { body(reference) }
      for member in tree.members ?? [] { references(member.value, body) }
      for element in tree.array ?? [] { references(element, body) }
    }

    func canEnd(_ tree: JSONTree) -> Bool {
      if let reference = tree["$ref"]?.string, !ending.contains(reference) { return false }
      for one in tree["allOf"]?.array ?? [] where !canEnd(one) { return false }
      for name in ["anyOf", "oneOf"] {
        guard let all = tree[name]?.array else { continue }
        if !all.contains(where: canEnd) { return false }
      }
      for name in tree["required"]?.array?.compactMap(\.string) ?? [] {
        if let property = tree["properties"]?[name], !canEnd(property) { return false }
      }
      let least = tree["minItems"]?.integer ?? 0
      let first = tree["prefixItems"]?.array ?? tree["items"]?.array ?? []
      for one in first.prefix(least) where !canEnd(one) { return false }
      if least > first.count, let items = tree["items"], items.members != nil {
        return canEnd(items)
      }
      return true
    }
  }
}
