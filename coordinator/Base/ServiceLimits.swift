import Foundation
import HTTPTypes
import Jobs
import Synchronization

/// What a tenant or a key may have, as docproc.setting says.
final class ServiceLimits: Sendable {
  struct Values: Sendable {
    var mostFileBytes = 512 << 20
    var mostStoredBytes = 50 << 30
    var mostQueuedTokens = 100_000_000
    var mostRequests = 600
    var models: [KnownModel] = []
  }

  /// Seconds for which values are taken for true.
  private static let life = 5.0

  private let pool: DatabasePool
  private let state = Mutex<State>(State())

  private struct State {
    var values: Values?
    var readAt = ContinuousClock.now
    var buckets: [String: Bucket] = [:]
  }

  /// Requests of a key that are still free: they come back at an even pace.
  private struct Bucket {
    var free: Double
    var at: ContinuousClock.Instant
  }

  init(pool: DatabasePool) { self.pool = pool }

  func current() async throws -> Values {
    let known = state.withLock { state in
      (ContinuousClock.now - state.readAt) / .seconds(1) < Self.life ? state.values : nil
    }
    if let known { return known }
    let values = try await pool.run(for: "docproc") { session in
      func number(_ name: String, _ usual: Int) throws -> Int {
        try session.setting(name).flatMap { Int($0) } ?? usual
      }
      let usual = Values()
      return Values(
        mostFileBytes: try number("most_file_bytes", usual.mostFileBytes),
        mostStoredBytes: try number("most_stored_bytes", usual.mostStoredBytes),
        mostQueuedTokens: try number("most_queued_tokens", usual.mostQueuedTokens),
        mostRequests: try number("most_requests", usual.mostRequests),
        models: try session.models())
    }
    state.withLock { state in
      state.values = values
      state.readAt = .now
    }
    return values
  }

  /// Counts a request of a key.
  /// - Throws: `APIError` where it has made too many within a minute.
  func count(_ key: APIKey) async throws {
    let most = Double(try await current().mostRequests)
    let wait = state.withLock { state -> Double? in
      let now = ContinuousClock.now
      var bucket = state.buckets[key.id] ?? Bucket(free: most, at: now)
      bucket.free = min(most, bucket.free + (now - bucket.at) / .seconds(60) * most)
      bucket.at = now
      defer { state.buckets[key.id] = bucket }
      guard bucket.free >= 1 else { return (1 - bucket.free) * 60 / max(most, 1) }
      bucket.free -= 1
      return nil
    }
    guard let wait else { return }
    throw APIError(
      .tooManyRequests,
      "The key has made more than \(Int(most)) requests within a minute. "
        + "An administrator can raise most_requests.",
      type: "rate_limit_error", code: "rate_limit_exceeded",
      retryAfter: max(1, Int(wait.rounded(.up)))
    )
  }

  /// - Throws: `APIError` where the tenant's files would be larger than they may be.
  func checkRoom(for bytes: Int, _ key: APIKey) async throws {
    let most = try await current().mostStoredBytes
    let stored = try await pool.run(for: key.tenant) { try $0.storedBytes() }
    guard stored + bytes > most else { return }
    throw APIError(
      .tooManyRequests,
      "The stored files have \(stored) bytes; with this one it would be more than \(most). "
        + "Delete files, or have most_stored_bytes raised.",
      type: "rate_limit_error", code: "insufficient_quota", retryAfter: 60, isWorthRetrying: false)
  }

  /// - Throws: `APIError` where the tenant has too much waiting to be read.
  func checkQueue(_ session: TenantSession, most: Int) throws {
    let queued = try session.queuedTokens()
    guard queued > most else { return }
    throw APIError(
      .tooManyRequests,
      "About \(queued) tokens wait to be read, more than \(most). Try again once some are.",
      type: "rate_limit_error", code: "queue_full", retryAfter: 30)
  }
}
