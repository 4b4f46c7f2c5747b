/// What of a schema cannot be used.
package struct SchemaError: Error, Equatable, CustomStringConvertible {
  package let place: JSONPointer
  /// nil where the schema as a whole is meant.
  package let keyword: String?
  package let reason: String

  package init(_ place: JSONPointer, _ keyword: String?, _ reason: String) {
    self.place = place
    self.keyword = keyword
    self.reason = reason
  }

  package init(_ reason: String) { self.init(JSONPointer(), nil, reason) }

  package var description: String {
    let parts = [
      "the schema cannot be used: ", keyword.map { "'\($0)' " } ?? "",
      place.parts.isEmpty ? "" : "at #\(place) ", reason,
    ]
    return parts.joined()
  }
}
