import CCrypto
package import Foundation

/// A digest of bytes that come one after another, by OpenSSL, as lowercase hex.
package class MessageDigest {
  private let context: OpaquePointer
  private let bytes: Int

  fileprivate init(_ kind: OpaquePointer?, bytes: Int) {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, kind, nil) == 1 else {
      preconditionFailure("OpenSSL does not offer the digest")
    }
    self.context = context
    self.bytes = bytes
  }

  fileprivate init(of other: MessageDigest) {
    guard let copy = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(copy, other.context) == 1 else {
      preconditionFailure("OpenSSL does not offer the digest")
    }
    context = copy
    bytes = other.bytes
  }

  deinit { EVP_MD_CTX_free(context) }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest; nothing may be added afterwards.
  package func finish() -> String {
    var digest = [UInt8](repeating: 0, count: bytes)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// Only for comparing with what others computed: it keeps nobody from making the same for another
/// text.
package final class MD5: MessageDigest {
  package init() { super.init(EVP_md5(), bytes: 16) }
}

/// SHA-256 by OpenSSL, as lowercase hex.
package final class SHA256: MessageDigest {
  package init() { super.init(EVP_sha256(), bytes: 32) }

  private init(of other: SHA256) { super.init(of: other) }

  /// One that goes on from here by itself.
  package func copy() -> SHA256 { SHA256(of: self) }

  package static func hex(of bytes: some ContiguousBytes) -> String {
    let hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  package static func hex(of text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      let hash = SHA256()
      hash.update(UnsafeRawBufferPointer(bytes))
      return hash.finish()
    }
  }

  /// The digest of a file, or of several as if they were one.
  /// - Throws: what opening or reading a file throws.
  package static func hex(ofFiles paths: [String]) throws -> String {
    let hash = SHA256()
    for path in paths {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
        chunk.withUnsafeBytes { hash.update($0) }
      }
    }

    return hash.finish()
  }
}
