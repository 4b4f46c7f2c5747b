import Jobs

/// Follows a response's job until its end.
struct AnswerStream: Sendable {
  /// Seconds without an event after which a proxy might end the connection.
  private static let pingSeconds = 15.0

  let pool: DatabasePool
  let watch: JobWatch

  enum Step: Sendable {
    /// The text that is surely written by now.
    case text(String)
    case ended(AnswerView)
    /// This process ends.
    case closing
  }

  /// - Parameter tell: told of each step, the last one `ended` or `closing`.
  func follow(
    _ view: AnswerView, _ tenant: String, _ events: inout ServerSentEvents,
    _ tell: (Step, inout ServerSentEvents) async throws -> Void
  ) async throws {
    var said = ContinuousClock.now
    let ticks = await watch.followWithTicks(view.status.id, tenant)
    for await change in ticks {
      switch change {
      case .some(.status(let seen)) where seen.status.isFinal:
        let id = view.response.id
        let ended = try await pool.run(for: tenant) { try AnswerView.load(id, $0) }
        return try await tell(.ended(ended), &events)
      case .some(.status(let seen)):
        let status = seen.status
        // What answers from documents are chosen from is not what will stay.
        let isChat = status.task == JobTask.chat.rawValue
        if isChat, let written = status.written {
          try await tell(.text(view.stable(written)), &events)
          said = .now
        } else if let percent = status.percent {
          try await events.comment("\(status.phase ?? "waiting") \(percent)%")
          said = .now
        }
      case .some(.removed): throw APIError.notFound("response", view.response.id)
      case .some(.closing): return try await tell(.closing, &events)
      case nil:
        if (ContinuousClock.now - said) / .seconds(1) >= Self.pingSeconds {
          try await events.ping()
          said = .now
        }
      }
    }
  }
}

extension JobWatch {
  /// A job's changes, and nil now and then while nothing changes.
  func followWithTicks(_ job: Int, _ tenant: String) -> AsyncStream<Change?> {
    let changes = follow(job, tenant)
    return AsyncStream(bufferingPolicy: .bufferingNewest(2)) { continuation in
      let reader = Task {
        for await change in changes { continuation.yield(change) }
        continuation.finish()
      }
      let ticker = Task {
        while !Task.isCancelled {
          try? await Task.sleep(for: .seconds(5))
          continuation.yield(nil)
        }
      }
      continuation.onTermination = { _ in
        reader.cancel()
        ticker.cancel()
      }
    }
  }
}
