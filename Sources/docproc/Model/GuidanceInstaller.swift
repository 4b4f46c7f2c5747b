import Constraints
import Foundation

/// Installs llguidance, by which answers are kept to a schema.
struct GuidanceInstaller {
  static let wheel = Wheel(
    requirement: "llguidance==\(GuidanceLibrary.version)",
    sha256: "dfac6021d9c4c5ef16b3a1d336c05ca5e8208ff30dec29d1c63ebcafbee3a346", size: "3 MB",
    platform: ["--only-binary=:all:", "--platform", "manylinux_2_31_x86_64"])
  private static let library = "llguidance/_lib.abi3.so"

  let report: (String) -> Void

  static var isInstalled: Bool {
    FileManager.default.fileExists(atPath: GuidanceLibrary.path)
      && (try? Wheel.check(GuidanceLibrary.path, GuidanceLibrary.sha256)) != nil
  }

  /// True for a wheel of llguidance, by its name.
  func takes(_ file: String) -> Bool {
    (file as NSString).lastPathComponent.hasPrefix("llguidance-")
  }

  /// A model without it does all but answers under a schema.
  func installIfPossible() {
    do {
      try install(from: nil)
    } catch {
      report("answers under a JSON schema are not to be had: \(error)")
    }
  }

  /// It appears complete or not at all.
  /// - Parameter file: a wheel brought along; nil: it is downloaded.
  /// - Throws: `UserError`
  func install(from file: String?) throws {
    #if arch(x86_64)
      let folder = (GuidanceLibrary.path as NSString).deletingLastPathComponent
      let work = folder + "/.installing-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: work) }
      let wheel = try file ?? Self.wheel.download(into: work, report: report)
      let unpacked = try Self.wheel.unpack(wheel, into: work)
      var library = ELFLibrary(
        bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: unpacked + "/" + Self.library))))
      // The same file is a Python module: those symbols are not called.
      library.weaken { $0.hasPrefix("Py") || $0.hasPrefix("_Py") }
      let made = work + "/library"
      try Data(library.bytes).write(to: URL(fileURLWithPath: made))
      try Wheel.check(made, GuidanceLibrary.sha256)
      guard rename(made, GuidanceLibrary.path) == 0 else {
        throw UserError("cannot write \(GuidanceLibrary.path): \(String(cString: strerror(errno)))")
      }
    #else
      throw UserError("llguidance is known to docproc for x86_64 alone: no schemas are taken here")
    #endif
  }
}

/// A shared library's file (ELF64, little-endian; System V ABI, chapter 4).
struct ELFLibrary {
  private(set) var bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  private static let dynamicSymbols = 11
  private static let symbolBytes = 24
  private static let weak: UInt8 = 2

  private func integer(_ offset: Int, _ count: Int) -> Int {
    guard offset >= 0, offset + count <= bytes.count else { return 0 }
    return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Lets the loader pass over symbols that nobody defines: they become null.
  /// - Parameter isUnused: told of each undefined symbol's name.
  mutating func weaken(where isUnused: (String) -> Bool) {
    let (table, size, count) = (integer(0x28, 6), integer(0x3A, 2), integer(0x3C, 2))
    for header in (0..<count).map({ table + $0 * size })
    where integer(header + 4, 4) == Self.dynamicSymbols {
      let names = integer(table + integer(header + 0x28, 4) * size + 0x18, 6)
      let start = integer(header + 0x18, 6)
      for symbol in stride(
        from: start, to: start + integer(header + 0x20, 6), by: Self.symbolBytes)
      where integer(symbol + 6, 2) == 0 {
        let name = bytes[(names + integer(symbol, 4))...].prefix { $0 != 0 }
        if isUnused(String(decoding: name, as: UTF8.self)) {
          bytes[symbol + 4] = Self.weak << 4 | bytes[symbol + 4] & 15
        }
      }
    }
  }
}
