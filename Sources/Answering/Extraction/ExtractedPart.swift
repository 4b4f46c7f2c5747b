package import Results
package import Schemas

/// Data of one part of a document.
package struct ExtractedPart: Sendable, Codable, Equatable {
  package let title: String
  /// nil where none could be written.
  package let value: JSONTree?
  package let text: String
  package let fields: [ExtractedField]
  /// Why there is none.
  package var problem: String?

  /// The values of all parts as one: lists are joined, and of elements with the same key the first
  /// stays; of other members the first that says something.
  static func merged(_ values: [JSONTree], _ schema: JSONSchema) -> JSONTree {
    guard values.allSatisfy({ $0.members != nil }), schema.key(of: schema.tree) == nil else {
      return .array(unique(values, schema.key(of: schema.tree)))
    }
    var names: [String] = []
    for member in values.flatMap({ $0.members ?? [] }) where !names.contains(member.name) {
      names.append(member.name)
    }
    return .object(
      names.map { name in
        let all = values.compactMap { $0[name] }
        let lists = all.compactMap(\.array)
        guard lists.count == all.count else {
          let told = all.first { $0 != .null && $0 != .string("") }
          return JSONTree.Member(name, told ?? all.first ?? .null)
        }
        let items = schema.tree["properties"]?[name]?["items"]
        return JSONTree.Member(
          name, .array(unique(lists.flatMap(\.self), items.flatMap(schema.key))))
      })
  }

  /// - Parameter key: a property; nil: whole values are compared.
  private static func unique(_ values: [JSONTree], _ key: String?) -> [JSONTree] {
    var kept: [JSONTree] = []
    var known: Set<String> = []
    for value in values {
      let name = key.flatMap { value[$0] } ?? value
      // People write the same name in other letters.
      if known.insert(name.text.lowercased()).inserted { kept.append(value) }
    }
    return kept
  }
}
