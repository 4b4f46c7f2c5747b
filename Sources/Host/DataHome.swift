import Foundation

/// Where docproc keeps its files on a host: models, the embedded database, worker records.
package enum DataHome {
  /// DOCPROC_HOME, else the user's data directory; for root /var/lib/docproc, since
  /// the embedded Postgres runs as another user, who cannot enter root's home.
  package static var path: String {
    let environment = ProcessInfo.processInfo.environment
    if let home = environment["DOCPROC_HOME"], !home.isEmpty { return absolute(home) }
    if getuid() == 0 { return "/var/lib/docproc" }
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/docproc" }
    return NSHomeDirectory() + "/.local/share/docproc"
  }

  package static var models: String { path + "/models" }

  /// A model's name as it is, a path to its folder as an absolute one.
  package static func modelName(_ nameOrPath: String) -> String {
    nameOrPath.contains("/") || nameOrPath.hasPrefix(".")
      ? URL(fileURLWithPath: absolute(nameOrPath)).standardized.path : nameOrPath
  }

  /// The folder of a model given by name or by path.
  package static func modelFolder(_ nameOrPath: String) -> String {
    let name = modelName(nameOrPath)
    return name.hasPrefix("/") ? name : models + "/" + name
  }

  package static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
