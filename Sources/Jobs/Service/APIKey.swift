import Digests
import Foundation
import Postgres

/// Who asks through HTTP, and what for.
package struct APIKey: Sendable, Codable, Equatable {
  package enum Scope: String, Sendable, Codable, CaseIterable { case read, submit, admin }

  package let id: String
  package let tenant: String
  package let name: String
  package let scopes: Set<Scope>

  package init(id: String, tenant: String, name: String, scopes: Set<Scope>) {
    self.id = id
    self.tenant = tenant
    self.name = name
    self.scopes = scopes
  }

  /// Administrators may submit, and who may submit may read.
  package func may(_ scope: Scope) -> Bool {
    switch scope {
    case .read: !scopes.isEmpty
    case .submit: scopes.contains(.submit) || scopes.contains(.admin)
    case .admin: scopes.contains(.admin)
    }
  }
}

/// A key as lists show it: never the key itself.
package struct APIKeyStatus: Sendable, Codable {
  package let id: String
  package let tenant: String
  package let name: String
  /// The key's first letters.
  package let hint: String
  package let scopes: [String]
  package let createdAt: String
  package let usedAt: String?
  package let expiresAt: String?
  package let revokedAt: String?

  private enum CodingKeys: String, CodingKey {
    case id, tenant, name, hint, scopes
    case createdAt = "created_at"
    case usedAt = "used_at"
    case expiresAt = "expires_at"
    case revokedAt = "revoked_at"
  }
}

/// A key that was just made: the only time that it is seen.
package struct NewAPIKey: Sendable, Codable {
  package let id: String
  package let key: String
  package let tenant: String
  package let scopes: [String]
}

/// API keys: of all tenants for administrators, else of the caller's.
package struct APIKeys {
  let database: JobDatabase

  private static let prefix = "dp-"
  private static let hintLetters = 7

  /// - Returns: nil for a key that is not valid.
  /// - Throws: `PostgresError`
  package func find(_ key: String) throws -> APIKey? {
    guard let row = try database.rows(from: "find_key", [.text(SHA256.hex(of: key))]).first else {
      return nil
    }
    let scopes = try row.list("scopes").compactMap(APIKey.Scope.init(rawValue:))
    return APIKey(
      id: try row.text("id"), tenant: try row.text("tenant"), name: try row.text("name"),
      scopes: Set(scopes))
  }

  /// - Parameter tenant: nil for the caller's own.
  /// - Throws: `PostgresError`
  package func create(
    scopes: Set<APIKey.Scope>, name: String = "", tenant: String? = nil,
    expiresAfterSeconds: Int? = nil
  ) throws -> NewAPIKey {
    let key = Self.prefix + RandomID.letters(43)
    let id = RandomID.make("key_")
    let names = APIKey.Scope.allCases.filter(scopes.contains).map(\.rawValue)
    let owner = try database.value(
      of: "create_key",
      [
        .text(id), .text(SHA256.hex(of: key)), .text(String(key.prefix(Self.hintLetters))),
        .list(names), .text(name), .text(tenant), .seconds(expiresAfterSeconds.map(Double.init)),
      ]
    ).text("value")
    return NewAPIKey(id: id, key: key, tenant: owner, scopes: names)
  }

  /// - Throws: `JobError.noSuchKey`, `PostgresError`
  package func revoke(_ id: String) throws { _ = try revokeOnce(id) }

  /// - Returns: whether it was valid until now: of several at once, one gets to hear so.
  /// - Throws: `JobError.noSuchKey`, `PostgresError`
  package func revokeOnce(_ id: String) throws -> Bool {
    do {
      return try database.value(of: "revoke_key", [.text(id)]).boolean("value")
    } catch PostgresError.query("P0002", _, _) {
      throw JobError.noSuchKey(id)
    }
  }

  /// The newest first.
  /// - Throws: `PostgresError`
  package func list() throws -> [APIKeyStatus] {
    let times = ["created_at", "used_at", "expires_at", "revoked_at"].map(Timestamp.text)
    let sql = """
      select id, tenant, name, hint, scopes, \(times.joined(separator: ", "))
      from docproc.api_key order by api_key.created_at desc, id
      """
    return try database.connection.query(sql).map { row in
      APIKeyStatus(
        id: try row.text("id"), tenant: try row.text("tenant"), name: try row.text("name"),
        hint: try row.text("hint"), scopes: try row.list("scopes"),
        createdAt: try row.text("created_at"), usedAt: try row.optionalText("used_at"),
        expiresAt: try row.optionalText("expires_at"),
        revokedAt: try row.optionalText("revoked_at"))
    }
  }
}

extension JobDatabase {
  package var keys: APIKeys { APIKeys(database: self) }
}

/// Names that nobody can guess.
package enum RandomID {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

  /// From the system's generator, which is a cryptographic one.
  package static func letters(_ count: Int) -> String {
    String((0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
  }

  /// 143 random bits behind a prefix.
  package static func make(_ prefix: String) -> String { prefix + letters(24) }
}

/// Columns of time as the service shows them.
enum Timestamp {
  static func text(_ column: String) -> String {
    "to_char(\(column) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as \(column)"
  }

  /// Whole seconds since 1970.
  static func epoch(_ column: String) -> String {
    "extract(epoch from \(column))::bigint as \(column)"
  }
}
