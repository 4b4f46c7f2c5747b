import Digests
import Foundation

/// Signatures as the Standard Webhooks specification has them.
enum WebhookSignature {
  private static let prefix = "whsec_"

  /// A key of 32 random bytes, as receivers take it.
  static func newSecret() -> String {
    let bytes = (0..<32).map { _ in UInt8.random(in: 0...255) }
    return prefix + Data(bytes).base64EncodedString()
  }

  /// Of `id.timestamp.body`.
  static func header(id: String, timestamp: Int, body: String, secret: String) -> String {
    let encoded = secret.hasPrefix(prefix) ? String(secret.dropFirst(prefix.count)) : secret
    let key = Data(base64Encoded: encoded).map { [UInt8]($0) } ?? Array(secret.utf8)
    let message = Array("\(id).\(timestamp).\(body)".utf8)
    return "v1," + Data(HMAC.sha256(key: key, message)).base64EncodedString()
  }
}
