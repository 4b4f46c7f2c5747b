import ArgumentParser
import Foundation
import Jobs
import Rendering

struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Make, list and revoke API keys of the HTTP service.",
    subcommands: [CreateKeyCommand.self, ListKeysCommand.self, RevokeKeyCommand.self])
}

struct CreateKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an API key and print it: it is shown this once.",
    discussion: """
      A key acts for one tenant, whose jobs and files are seen by that tenant's keys alone. Scopes: \
      read sees them, submit orders and deletes too, admin manages the tenant's keys as well.
      """)

  @Option(help: "What the key may do: submit, read, admin, with commas between.")
  var scope = "submit,read"

  @Option(help: "Whose jobs and files it is for; default: those of the database's role.")
  var tenant: String?

  @Option(help: "What it is for, as lists show it.")
  var name = ""

  @Option(help: "Days after which it is no longer valid; default: never.")
  var days: Int?

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  private func scopes() throws -> Set<APIKey.Scope> {
    let names = scope.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let scopes = names.compactMap(APIKey.Scope.init(rawValue:))
    guard !scopes.isEmpty, scopes.count == names.count else {
      throw ValidationError("--scope takes submit, read and admin, with commas between")
    }
    return Set(scopes)
  }

  func validate() throws {
    _ = try scopes()
    if let days, !(1...36_500).contains(days) {
      throw ValidationError("--days must be 1 to 36500")
    }
    if let tenant, tenant.isEmpty || tenant.utf8.count > 63 {
      throw ValidationError("--tenant must have 1 to 63 bytes")
    }
  }

  func run() throws {
    let key = try database.open().keys.create(
      scopes: try scopes(), name: name, tenant: tenant,
      expiresAfterSeconds: days.map { $0 * 86_400 })
    output.print(
      key,
      text: "\(key.key)\nkey \(key.id) of the tenant \(key.tenant); keep it: it is not shown again")
  }
}

struct ListKeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List API keys, the newest first; never the keys themselves.")

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  func run() throws {
    let keys = try database.open().keys.list()
    let rows = keys.map { key in
      let state = key.revokedAt != nil ? "revoked" : key.expiresAt.map { "until \($0)" } ?? "valid"
      return [
        key.id, key.hint + "…", key.tenant, key.scopes.joined(separator: ","), state,
        key.usedAt ?? "never used", key.name,
      ].map(ForeignText.clean).joined(separator: "  ")
    }
    output.print(keys, text: rows.isEmpty ? "no keys" : rows.joined(separator: "\n"))
  }
}

struct RevokeKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Make an API key invalid, at once.")

  @Argument(help: "The key's id, as key list shows it.")
  var id: String

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var output: OutputOptions

  func run() throws {
    try database.open().keys.revoke(id)
    output.print(["revoked": id], text: "revoked \(id)")
  }
}
