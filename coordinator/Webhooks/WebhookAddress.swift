import Foundation

/// Where a webhook may be: not within this network, unless it is allowed.
struct WebhookAddress: Sendable {
  let url: String
  let host: String

  struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  /// - Throws: `Refused`
  init(_ text: String, allowsPrivate: Bool) throws {
    guard text.utf8.count <= 2000, let parts = URLComponents(string: text),
      let scheme = parts.scheme?.lowercased(), let host = parts.host, !host.isEmpty
    else { throw Refused(description: "the address is no URL") }
    guard scheme == "https" || scheme == "http" && allowsPrivate else {
      throw Refused(description: "the address must begin with https://")
    }
    guard parts.user == nil, parts.password == nil else {
      throw Refused(description: "the address must have no user in it")
    }
    url = text
    self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
  }

  /// The address to connect to, which was looked at: a name may mean another one a moment later.
  /// It blocks while the name is looked up.
  /// - Throws: `Refused` where one of the name's addresses is private.
  func resolved(allowsPrivate: Bool) throws -> String {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(host, nil, &hints, &found)
    guard failure == 0 else {
      throw Refused(description: "\(host): \(String(cString: gai_strerror(failure)))")
    }
    defer { freeaddrinfo(found) }
    var first: String?
    var next = found
    while let entry = next {
      if let address = Self.text(entry.pointee) {
        guard allowsPrivate || Self.isPublic(entry.pointee) else {
          throw Refused(description: "\(host) is \(address), a private address")
        }
        first = first ?? address
      }
      next = entry.pointee.ai_next
    }
    guard let first else { throw Refused(description: "\(host) has no address") }
    return first
  }

  private static func text(_ entry: addrinfo) -> String? {
    var name = [CChar](repeating: 0, count: 1025)
    let failure = getnameinfo(
      entry.ai_addr, entry.ai_addrlen, &name, 1025, nil, 0, NI_NUMERICHOST)
    return failure == 0
      ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self) : nil
  }

  private static func isPublic(_ entry: addrinfo) -> Bool {
    guard let address = entry.ai_addr else { return false }
    switch entry.ai_family {
    case AF_INET:
      let raw = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr
      return isPublic(v4: withUnsafeBytes(of: raw) { Array($0) })
    case AF_INET6:
      let raw = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self).sin6_addr
      return isPublic(v6: withUnsafeBytes(of: raw) { Array($0) })
    default: return false
    }
  }

  /// By the registries of special addresses (RFC 6890).
  static func isPublic(v4 bytes: [UInt8]) -> Bool {
    guard bytes.count == 4 else { return false }
    switch (bytes[0], bytes[1], bytes[2]) {
    case (0, _, _), (10, _, _), (127, _, _), (224...255, _, _): return false
    case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _): return false
    case (192, 0, 0), (192, 0, 2), (198, 18...19, _), (198, 51, 100), (203, 0, 113): return false
    default: return true
    }
  }

  static func isPublic(v6 bytes: [UInt8]) -> Bool {
    guard bytes.count == 16 else { return false }
    // Addresses of the older kind within the newer.
    if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
      return isPublic(v4: Array(bytes.suffix(4)))
    }
    if bytes.prefix(4) == [0, 0x64, 0xFF, 0x9B] { return isPublic(v4: Array(bytes.suffix(4))) }
    if bytes.prefix(2) == [0x20, 0x02] { return isPublic(v4: Array(bytes[2..<6])) }
    // Of all others only 2000::/3 is given out.
    guard bytes[0] & 0xE0 == 0x20 else { return false }
    return bytes.prefix(4) != [0x20, 0x01, 0x0D, 0xB8] && bytes.prefix(4) != [0x20, 0x01, 0, 0]
  }
}
