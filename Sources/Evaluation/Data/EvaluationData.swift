import CZstd
import Digests
import Foundation

/// A folder of data sets: files of JSON Lines, plain or compressed with zstd.
package struct EvaluationData: Sendable {
  package let folder: String

  package init(folder: String) { self.folder = folder }

  /// - Throws: `EvaluationError.missing` for the first that is not there.
  package func require(_ names: [String]) throws {
    for name in names where path(name) == nil {
      throw EvaluationError.missing(file: name + ".jsonl", folder: folder)
    }
  }

  /// SHA-256 of the files.
  /// - Throws: `EvaluationError.missing`
  package func digest(of names: [String]) throws -> String {
    SHA256.hex(of: try names.map { try contents($0) }.reduce(Data(), +))
  }

  /// The records of NAME.jsonl or NAME.jsonl.zst.
  /// - Throws: `EvaluationError` when the file is not there, or is not what it should be.
  func records<Record: Decodable>(_ name: String, as type: Record.Type) throws -> [Record] {
    let lines = try contents(name).split(separator: 10, omittingEmptySubsequences: true)
    let decoder = JSONDecoder()
    return try lines.enumerated().map { index, line in
      do {
        return try decoder.decode(type, from: Data(line))
      } catch {
        throw EvaluationError.malformed(file: name, line: index + 1, reason: Self.reason(error))
      }
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "it has no \(key.stringValue)"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }

  /// Of NAME.jsonl or NAME.jsonl.zst, in the folder or one of its usual parts.
  private func path(_ name: String) -> String? {
    ["", "/eval_dev", "/train_pairs"].flatMap {
      ["\(folder)\($0)/\(name).jsonl", "\(folder)\($0)/\(name).jsonl.zst"]
    }
    .first(where: FileManager.default.fileExists)
  }

  private func contents(_ name: String) throws -> Data {
    guard let path = path(name), let data = FileManager.default.contents(atPath: path) else {
      throw EvaluationError.missing(file: name + ".jsonl", folder: folder)
    }
    return path.hasSuffix(".zst") ? try Self.decompress(data, path) : data
  }

  private static func decompress(_ data: Data, _ path: String) throws -> Data {
    guard let context = ZSTD_createDCtx() else {
      throw EvaluationError.malformed(file: path, line: 0, reason: "no memory")
    }

    defer { ZSTD_freeDCtx(context) }
    // Written with long-distance matching.
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31)
    var result = Data()
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var failure: String?
    var remaining = 1
    data.withUnsafeBytes { source in
      var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      while failure == nil {
        let before = input.pos
        let produced = chunk.withUnsafeMutableBytes { target in
          var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
          let code = ZSTD_decompressStream(context, &output, &input)
          if ZSTD_isError(code) != 0 { failure = String(cString: ZSTD_getErrorName(code)) }
          // A call that has nothing to do speaks of the next frame.
          if output.pos > 0 || input.pos > before { remaining = code }
          return output.pos
        }
        result.append(contentsOf: chunk[..<produced])
        if produced == 0, input.pos == before { break }
      }
    }
    // Zero only at the end of a frame.
    if failure == nil, remaining != 0 { failure = "it ends in the middle; copy it again" }
    if let failure { throw EvaluationError.malformed(file: path, line: 0, reason: failure) }

    return result
  }
}

package enum EvaluationError: Error, CustomStringConvertible {
  case missing(file: String, folder: String)
  case malformed(file: String, line: Int, reason: String)
  case nothingToMeasure(String)

  package var description: String {
    switch self {
    case .missing(let file, let folder):
      "there is no \(file) or \(file).zst in \(folder); name the folder that holds it with "
        + "--data (training/README.md lists the sets)"
    case .malformed(let file, let line, let reason):
      line > 0 ? "\(file), line \(line): \(reason)" : "\(file): \(reason)"
    case .nothingToMeasure(let reason): reason
    }
  }
}
