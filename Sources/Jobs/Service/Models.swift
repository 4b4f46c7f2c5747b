import Postgres

/// A model that workers have, or had.
package struct KnownModel: Sendable {
  package let name: String
  /// Seconds since 1970.
  package let createdAt: Int
}

extension TenantSession {
  /// By their names.
  package func models() throws -> [KnownModel] {
    try rows(
      "select name, \(Timestamp.epoch("created_at")) from docproc.model order by name"
    ).map { KnownModel(name: try $0.text("name"), createdAt: try $0.integer("created_at")) }
  }

  /// What an administrator may change at any time.
  package func setting(_ name: String) throws -> String? {
    try value(of: "setting", [.text(name)]).optionalText("value")
  }
}
