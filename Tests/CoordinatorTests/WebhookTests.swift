import Foundation
import Testing

@testable import docproc_coordinator

/// Where webhooks may be, and how they are signed.
@Suite struct WebhookTests {
  @Test(arguments: [
    "0.0.0.0", "10.1.2.3", "127.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "localhost",
    // As browsers and C libraries read them, these are 127.0.0.1 too.
    "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
  ])
  func privateAddressesAreRefused(host: String) throws {
    let address = try WebhookAddress("https://\(host)/hook", allowsPrivate: false)
    #expect(throws: WebhookAddress.Refused.self) { try address.resolved(allowsPrivate: false) }
  }

  @Test(arguments: ["8.8.8.8", "172.32.0.1", "100.63.0.1", "[2606:4700::1111]", "1.1.1.1"])
  func publicOnesAreTaken(host: String) throws {
    let address = try WebhookAddress("https://\(host)/hook", allowsPrivate: false)
    let resolved = try address.resolved(allowsPrivate: false)
    #expect(resolved == host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")))
  }

  @Test(arguments: [
    "", "hook", "http://example.org/", "ftp://example.org/", "https://", "file:///etc/passwd",
    "https://user:secret@example.org/", "https://" + String(repeating: "x", count: 3000),
  ])
  func whatIsNoAddressIsRefused(url: String) {
    #expect(throws: WebhookAddress.Refused.self) {
      try WebhookAddress(url, allowsPrivate: false)
    }
  }

  /// The specification's own example (standard-webhooks, libraries' tests).
  @Test func signaturesAreAsTheSpecificationHasThem() {
    let header = WebhookSignature.header(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: "{\"test\": 2432232314}",
      secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test func tracesAreSpansOfOneTree() throws {
    let parent = TraceExport.newParent()
    #expect(parent.wholeMatch(of: #/00-[0-9a-f]{32}-[0-9a-f]{16}-01/#) != nil)
    #expect(TraceExport.endpoint([:]) == nil)
    #expect(
      TraceExport.endpoint(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"])
        == "http://c:4318/v1/traces")
  }
}
