import CCrypto
package import Foundation

/// SHA-256 by OpenSSL, as lowercase hex.
package struct SHA256 {
  private let context: OpaquePointer

  package init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("OpenSSL offers no SHA-256")
    }
    self.context = context
  }

  private init(_ context: OpaquePointer) { self.context = context }

  /// One that goes on from here by itself.
  package func copy() -> SHA256 {
    guard let copy = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(copy, context) == 1 else {
      preconditionFailure("OpenSSL offers no SHA-256")
    }
    return SHA256(copy)
  }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest; the value must not be used afterwards.
  package func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    EVP_MD_CTX_free(context)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

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
