import Foundation
import HTTPTypes
import Jobs
import Logging

/// Follows jobs for all who wait for one: the database is asked about all of them at once.
actor JobWatch {
  /// Seconds from one look at the database to the next, at least; more where many follow.
  private static let interval = 0.25
  private static let intervalOfEach = 0.001
  /// Of the time that looking took, so that it is a part of the time only.
  private static let rest = 4.0
  private static let mostAtOnce = 500

  private let pool: DatabasePool
  private let logger: Logger
  private var watched: [Place: Watched] = [:]
  private var next = 0
  private var isLooking = false
  private var isClosed = false

  /// A job as a tenant sees it: what one may not know of is no other's matter.
  private struct Place: Hashable {
    let tenant: String
    let job: Int
  }

  private struct Watched {
    var last: Seen?
    var watchers: [Int: AsyncStream<Change>.Continuation] = [:]
  }

  /// Where a job stands, and the same as JSON: written once for all who follow it.
  struct Seen: Sendable {
    let status: JobStatus
    let text: String

    init(_ status: JobStatus) {
      self.status = status
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      text = (try? encoder.encode(status)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
  }

  /// What a watcher hears.
  enum Change: Sendable {
    case status(Seen)
    /// There is no such job any more.
    case removed
    /// This process ends: whoever follows has to come again.
    case closing
  }

  init(pool: DatabasePool, logger: Logger) {
    self.pool = pool
    self.logger = logger
  }

  /// Followers now.
  var count: Int { watched.values.reduce(0) { $0 + $1.watchers.count } }

  /// A job's states, the newest only where somebody is slow; the stream ends with a final one.
  func follow(_ job: Int, _ tenant: String) -> AsyncStream<Change> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Change.self, bufferingPolicy: .bufferingNewest(1))
    guard !isClosed else {
      continuation.yield(.closing)
      continuation.finish()
      return stream
    }
    let id = next
    next += 1
    let place = Place(tenant: tenant, job: job)
    watched[place, default: Watched()].watchers[id] = continuation
    if let last = watched[place]?.last { continuation.yield(.status(last)) }
    continuation.onTermination = { [weak self] _ in
      Task { [weak self] in await self?.drop(place, id) }
    }
    if !isLooking {
      isLooking = true
      Task { await look() }
    }
    return stream
  }

  /// Waits for a job's end.
  /// - Throws: `APIError` where it is removed meanwhile, or this process ends.
  func end(of job: Int, _ tenant: String) async throws -> JobStatus {
    for await change in follow(job, tenant) {
      switch change {
      case .status(let seen) where seen.status.isFinal: return seen.status
      case .status: continue
      case .removed: throw APIError.notFound("job", "\(job)")
      case .closing: break
      }
    }
    try Task.checkCancellation()
    throw APIError(
      .serviceUnavailable, "The service restarts; the job goes on. Send the same request again.",
      type: "server_error", code: "restarting", retryAfter: 1)
  }

  func close() {
    isClosed = true
    for one in watched.values {
      for watcher in one.watchers.values {
        watcher.yield(.closing)
        watcher.finish()
      }
    }
    watched = [:]
  }

  private func drop(_ place: Place, _ id: Int) {
    watched[place]?.watchers[id] = nil
    if watched[place]?.watchers.isEmpty == true { watched[place] = nil }
  }

  private func look() async {
    while !watched.isEmpty {
      let begun = ContinuousClock.now
      let groups = Dictionary(grouping: watched.keys, by: \.tenant).mapValues { $0.map(\.job) }
      for (tenant, jobs) in groups {
        for start in stride(from: 0, to: jobs.count, by: Self.mostAtOnce) {
          await look(at: Array(jobs[start..<min(jobs.count, start + Self.mostAtOnce)]), tenant)
        }
      }
      let took = (ContinuousClock.now - begun) / .seconds(1)
      try? await Task.sleep(
        for: .seconds(max(Self.interval, Self.intervalOfEach * Double(count), took * Self.rest)))
    }
    isLooking = false
  }

  private func look(at jobs: [Int], _ tenant: String) async {
    do {
      let found = try await pool.run(for: tenant, asksOnce: true) {
        try $0.submitter.statuses(of: jobs)
      }
      for status in found { tell(status, tenant) }
      let known = Set(found.map(\.id))
      for job in jobs where !known.contains(job) {
        end(Place(tenant: tenant, job: job), .removed)
      }
    } catch {
      // An outage of the database: they are looked at again once it is back.
      logger.warning("jobs cannot be followed", metadata: ["error": "\(error)"])
    }
  }

  private func tell(_ status: JobStatus, _ tenant: String) {
    let place = Place(tenant: tenant, job: status.id)
    if status.isFinal { return end(place, .status(Seen(status))) }
    guard watched[place] != nil, watched[place]?.last?.status != status else { return }
    let seen = Seen(status)
    watched[place]?.last = seen
    for watcher in (watched[place]?.watchers ?? [:]).values { watcher.yield(.status(seen)) }
  }

  private func end(_ place: Place, _ change: Change) {
    for watcher in (watched.removeValue(forKey: place)?.watchers ?? [:]).values {
      watcher.yield(change)
      watcher.finish()
    }
  }
}
