import AsyncHTTPClient
import Foundation
import Jobs
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Tells addresses of events, again and again until they take them (Standard Webhooks).
struct WebhookDeliveries: Service {
  private static let pause = 1.0
  private static let atOnce = 10
  /// Seconds until the next attempt, by the number of those before.
  static let delays: [Double] = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 86_400]
  private static let timeout = TimeAmount.seconds(15)

  let pool: DatabasePool
  let lookups: BlockingQueue
  let allowsPrivate: Bool
  let logger: Logger

  func run() async throws {
    await Repeating.run("telling webhooks", everySeconds: Self.pause, logger) {
      let due = try await pool.run {
        try $0.serviceUpkeep.dueDeliveries(most: Self.atOnce)
      }
      await withTaskGroup(of: Void.self) { group in
        for delivery in due { group.addTask { await deliver(delivery) } }
      }
      return due.count == Self.atOnce
    }
  }

  private func deliver(_ delivery: ServiceUpkeep.Delivery) async {
    let problem: String?
    do {
      let status = try await send(delivery)
      problem = (200..<300).contains(status) ? nil : "it answered with the status \(status)"
    } catch {
      problem = "\(error)"
    }
    let delay =
      Self.delays.indices.contains(delivery.attempts - 1)
      ? Self.delays[delivery.attempts - 1] * Double.random(in: 0.9...1.1) : nil
    let told = problem.map { String($0.filter { $0 != "\0" }.prefix(500)) }
    // What cannot be noted now comes again by itself.
    try? await pool.run {
      try $0.serviceUpkeep.end(delivery: delivery.id, problem: told, againAfter: delay)
    }
    if let told {
      logger.notice(
        "a webhook was not taken",
        metadata: [
          "delivery": "\(delivery.id)", "attempt": "\(delivery.attempts)", "why": "\(told)",
        ])
    }
  }

  private func send(_ delivery: ServiceUpkeep.Delivery) async throws -> Int {
    let allows = allowsPrivate
    let address = try WebhookAddress(delivery.url, allowsPrivate: allows)
    let pinned = try await lookups.run { try address.resolved(allowsPrivate: allows) }
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(10), read: Self.timeout))
    configuration.dnsOverride = [address.host: pinned]
    configuration.httpVersion = .http1Only
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      let status = try await post(delivery, client)
      try await client.shutdown()
      return status
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  private func post(
    _ delivery: ServiceUpkeep.Delivery, _ client: HTTPClient
  ) async throws -> Int {
    let now = Int(Date().timeIntervalSince1970)
    var request = HTTPClientRequest(url: delivery.url)
    request.method = .POST
    let signature = WebhookSignature.header(
      id: delivery.id, timestamp: now, body: delivery.body, secret: delivery.secret)
    request.headers.add(contentsOf: [
      ("content-type", "application/json"), ("user-agent", "docproc"),
      ("webhook-id", delivery.id), ("webhook-timestamp", "\(now)"),
      ("webhook-signature", signature),
    ])
    request.body = .bytes(ByteBuffer(string: delivery.body))
    let response = try await client.execute(request, timeout: Self.timeout)
    return Int(response.status.code)
  }
}
