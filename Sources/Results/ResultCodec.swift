import CZstd
import Digests
import Foundation

/// A record's compressed bytes, with what is needed to check them.
public struct CompressedResult: Sendable, Equatable {
  public let payload: [UInt8]
  public let rawBytes: Int
  public let sha256: String

  public init(payload: [UInt8], rawBytes: Int, sha256: String) {
    self.payload = payload
    self.rawBytes = rawBytes
    self.sha256 = sha256
  }
}

public enum ResultCodecError: Error, Equatable, CustomStringConvertible {
  case compression(String)
  case notAFrame
  case sizeMismatch(stated: Int, found: UInt64)
  case digestMismatch
  case notARecord

  public var description: String {
    switch self {
    case .compression(let reason): "zstd: \(reason)"
    case .notAFrame: "the payload is not a zstd frame"
    case .sizeMismatch(let stated, let found): "the payload states \(found) bytes where \(stated) are recorded"
    case .digestMismatch: "the payload's SHA-256 differs from the recorded one; it is damaged"
    case .notARecord: "the payload is not a result record"
    }
  }
}

/// Result records to zstd frames (RFC 8878), with content size and checksum, and back.
public enum ResultCodec {
  private static let level: Int32 = 9

  /// - Throws: `ResultCodecError.compression`.
  public static func encode(_ record: ResultRecord) throws -> CompressedResult {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let raw = Array(try encoder.encode(record))
    guard let context = ZSTD_createCCtx() else { throw ResultCodecError.compression("no memory") }
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(raw.count))
    let size = ZSTD_compress2(context, &frame, frame.count, raw, raw.count)
    guard ZSTD_isError(size) == 0 else { throw ResultCodecError.compression(String(cString: ZSTD_getErrorName(size))) }
    return CompressedResult(payload: Array(frame.prefix(size)), rawBytes: raw.count, sha256: SHA256.hex(of: raw))
  }

  /// - Throws: `ResultCodecError` when the payload is not what was stored.
  public static func decode(_ result: CompressedResult) throws -> ResultRecord {
    let stated = ZSTD_getFrameContentSize(result.payload, result.payload.count)
    // The two largest values stand for "unknown" and "error".
    guard stated < UInt64.max - 1 else { throw ResultCodecError.notAFrame }
    guard stated == UInt64(result.rawBytes) else { throw ResultCodecError.sizeMismatch(stated: result.rawBytes, found: stated) }
    var raw = [UInt8](repeating: 0, count: result.rawBytes)
    let size = ZSTD_decompress(&raw, raw.count, result.payload, result.payload.count)
    guard ZSTD_isError(size) == 0, size == raw.count else { throw ResultCodecError.notAFrame }
    guard SHA256.hex(of: raw) == result.sha256 else { throw ResultCodecError.digestMismatch }
    guard let record = try? JSONDecoder().decode(ResultRecord.self, from: Data(raw)) else { throw ResultCodecError.notARecord }
    return record
  }
}
