import CZstd
import Digests

/// Bytes as a zstd frame (RFC 8878) with content size and checksum, and what is needed to check
/// them.
package struct CompressedBytes: Sendable, Equatable {
  package let payload: [UInt8]
  package let rawBytes: Int
  /// Of the raw bytes, in hex.
  package let sha256: String

  package init(payload: [UInt8], rawBytes: Int, sha256: String) {
    self.payload = payload
    self.rawBytes = rawBytes
    self.sha256 = sha256
  }

  /// - Parameter level: of zstd; 1 is fast, 9 small.
  /// - Throws: `CompressionError.library`
  package init(compressing raw: [UInt8], level: Int) throws {
    guard let context = ZSTD_createCCtx() else { throw CompressionError.library("no memory") }

    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    let most = ZSTD_compressBound(raw.count)
    var failure: String?
    payload = [UInt8](unsafeUninitializedCapacity: most) { frame, count in
      let size = ZSTD_compress2(context, frame.baseAddress, most, raw, raw.count)
      if ZSTD_isError(size) != 0 {
        failure = String(cString: ZSTD_getErrorName(size))
      } else {
        count = size
      }
    }
    if let failure { throw CompressionError.library(failure) }
    rawBytes = raw.count
    sha256 = SHA256.hex(of: raw)
  }

  /// The raw bytes.
  /// - Throws: `CompressionError` when they are not what was stored.
  package func expanded() throws -> [UInt8] {
    let stated = ZSTD_getFrameContentSize(payload, payload.count)
    // The two largest values stand for "unknown" and "error".
    guard stated < UInt64.max - 1 else { throw CompressionError.notAFrame }
    guard stated == UInt64(rawBytes) else {
      throw CompressionError.sizeMismatch(stated: rawBytes, found: stated)
    }
    var size = 0
    let raw = [UInt8](unsafeUninitializedCapacity: rawBytes) { target, count in
      size = ZSTD_decompress(target.baseAddress, rawBytes, payload, payload.count)
      count = ZSTD_isError(size) == 0 ? min(size, rawBytes) : 0
    }
    guard ZSTD_isError(size) == 0, size == rawBytes else { throw CompressionError.notAFrame }
    guard SHA256.hex(of: raw) == sha256 else { throw CompressionError.digestMismatch }

    return raw
  }
}

package enum CompressionError: Error, Equatable, CustomStringConvertible {
  case library(String)
  case notAFrame
  case sizeMismatch(stated: Int, found: UInt64)
  case digestMismatch

  package var description: String {
    switch self {
    case .library(let reason): "zstd: \(reason)"
    case .notAFrame: "the payload is not a whole zstd frame"
    case .sizeMismatch(let stated, let found):
      "the payload states \(found) bytes where \(stated) are recorded"
    case .digestMismatch: "the payload's SHA-256 differs from the recorded one; it is damaged"
    }
  }
}
