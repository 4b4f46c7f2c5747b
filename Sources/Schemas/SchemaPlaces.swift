/// Which schemas within one a place of a value is held against.
extension JSONSchema {
  /// References that are followed for one place.
  private static let mostReferences = 100

  /// - Parameter path: names and indices that lead to the value.
  package func schemas(at path: [String]) -> [JSONTree] {
    path.reduce(applied(tree)) { found, step in
      found.flatMap { inner(of: $0, step) }.flatMap(applied)
    }
  }

  /// A schema and those that the same value is held against.
  private func applied(_ schema: JSONTree) -> [JSONTree] {
    var (found, open) = ([JSONTree](), [schema])
    var references = 0
    while let next = open.popLast() {
      found.append(next)
      for name in ["allOf", "anyOf", "oneOf"] { open += next[name]?.array ?? [] }
      guard references < Self.mostReferences, let text = next["$ref"]?.string else { continue }
      references += 1
      open += [JSONPointer(text: String(text.dropFirst()))?.value(in: tree)].compactMap(\.self)
    }
    return found
  }

  private func inner(of schema: JSONTree, _ step: String) -> [JSONTree] {
    if let property = schema["properties"]?[step] { return [property] }
    let first = schema["prefixItems"]?.array ?? schema["items"]?.array ?? []
    if let index = Int(step), first.indices.contains(index) { return [first[index]] }
    let rest = ["items", "additionalItems", "additionalProperties"].compactMap { schema[$0] }
    let patterns = schema["patternProperties"]?.members?.map(\.value) ?? []
    return (rest + patterns).filter { $0.members != nil }
  }
}
