import CCrypto

/// HMAC with SHA-256 (RFC 2104), by OpenSSL.
package enum HMAC {
  package static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    // The key and the message may be empty, but their pointers may not.
    let made = CCrypto.HMAC(
      EVP_sha256(), key + [0], Int32(key.count), message + [0], message.count, &result, &count)
    precondition(made != nil && count == 32, "OpenSSL offers no HMAC")
    return result
  }
}
