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

  /// Published folders as they were downloaded, one a repository.
  package static var downloads: String { path + "/downloads" }

  /// A model's name as it is, a path to its folder as an absolute one. A plain name that is no
  /// registered model's may be that of a folder or GGUF file in the working directory.
  package static func modelName(_ nameOrPath: String) -> String {
    let isPath = nameOrPath.contains("/") || nameOrPath.hasPrefix(".")
    return isPath || isBesideOnly(nameOrPath)
      ? URL(fileURLWithPath: absolute(nameOrPath)).standardized.path : nameOrPath
  }

  private static func isBesideOnly(_ name: String) -> Bool {
    let manager = FileManager.default
    if manager.fileExists(atPath: models + "/" + name) { return false }
    let path = absolute(name)
    return manager.fileExists(atPath: path + "/config.json")
      || name.hasSuffix(".gguf") && manager.fileExists(atPath: path)
  }

  /// The folder of a model given by name or by path, or its GGUF file.
  package static func modelFolder(_ nameOrPath: String) -> String {
    let name = modelName(nameOrPath)
    let folder = name.hasPrefix("/") ? name : models + "/" + name
    let file = folder + "/" + ggufFile
    return FileManager.default.fileExists(atPath: file) ? file : folder
  }

  /// What a registered GGUF file is called in its folder.
  package static let ggufFile = "model.gguf"

  /// A file that belongs to a model: in its folder, or beside its GGUF file.
  package static func file(_ name: String, ofModel folder: String) -> String {
    folder.hasSuffix(".gguf")
      ? (folder as NSString).deletingLastPathComponent + "/" + name : folder + "/" + name
  }

  package static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
