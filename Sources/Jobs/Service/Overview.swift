import Postgres

/// What a tenant's jobs and its fleet do now.
package struct Overview: Sendable, Equatable {
  /// What was read within an hour.
  package struct Hour: Sendable, Equatable {
    /// Its beginning, in UTC: `2026-11-30 16:00`.
    package let hour: String
    package let tokens: Int
    package let jobs: Int
  }

  package let waiting: Int
  package let running: Int
  package let paused: Int
  package let completedToday: Int
  package let failedToday: Int
  /// Seconds that the oldest of those that wait has done so.
  package let oldestSeconds: Int?
  package let tokensPerSecond: Double
  package let liveWorkers: Int
  /// The last 24, oldest first.
  package let hours: [Hour]
}

package struct JobEvent: Sendable, Equatable {
  package let at: String
  package let kind: String
  package let detail: String?
}

/// A worker process.
package struct WorkerStatus: Sendable, Equatable {
  package let name: String
  package let host: String
  package let job: Int?
  package let models: [String]
  package let isAlive: Bool
  package let heartbeatSeconds: Int
  package let startedAt: String
}

extension TenantSession {
  package func overview() throws -> Overview {
    let sql = """
      select
        (select count(*) from docproc.ready) as waiting,
        (select count(*) from docproc.claim) as running,
        (select count(*) from docproc.job_state where state = 'paused') as paused,
        (select count(*) from docproc.job_state where state = 'completed'
          and finished_at > clock_timestamp() - interval '1 day') as completed,
        (select count(*) from docproc.job_state where state = 'failed'
          and finished_at > clock_timestamp() - interval '1 day') as failed,
        (select extract(epoch from clock_timestamp() - min(available_at))::bigint
          from docproc.ready where available_at < clock_timestamp()) as oldest,
        (select coalesce(sum((tokens_done - resumed_from)
            / nullif(extract(epoch from clock_timestamp() - reading_since), 0)), 0)
          from docproc.claim where tokens_done > resumed_from and tokens_done < tokens_total)
          as speed,
        (select count(distinct name) from docproc.workers where alive) as workers
      """
    guard let row = try rows(sql).first else {
      throw PostgresError.unexpectedResult("no overview")
    }
    return Overview(
      waiting: try row.integer("waiting"), running: try row.integer("running"),
      paused: try row.integer("paused"), completedToday: try row.integer("completed"),
      failedToday: try row.integer("failed"), oldestSeconds: try row.optionalInteger("oldest"),
      tokensPerSecond: try row.double("speed"), liveWorkers: try row.integer("workers"),
      hours: try hours())
  }

  private func hours() throws -> [Overview.Hour] {
    let sql = """
      select to_char(h.hour at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as hour,
        coalesce(sum(k.tokens_read), 0)::bigint as tokens, count(k.job_id) as jobs
      from generate_series(
        date_trunc('hour', clock_timestamp()) - interval '23 hours',
        date_trunc('hour', clock_timestamp()), interval '1 hour') h (hour)
      left join docproc.job_state s
        on s.finished_at >= h.hour and s.finished_at < h.hour + interval '1 hour'
      left join docproc.reading k on k.job_id = s.job_id
      group by h.hour order by h.hour
      """
    return try rows(sql).map { row in
      Overview.Hour(
        hour: try row.text("hour"), tokens: try row.integer("tokens"),
        jobs: try row.integer("jobs"))
    }
  }

  /// The newest first.
  package func events(of job: Int, limit: Int) throws -> [JobEvent] {
    let sql = """
      select to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as at, kind, detail
      from docproc.events where job_id = $1::bigint order by id desc limit $2::integer
      """
    return try rows(sql, [.integer(job), .integer(limit)]).map { row in
      JobEvent(
        at: try row.text("at"), kind: try row.text("kind"),
        detail: try row.optionalText("detail"))
    }
  }

  package func workers() throws -> [WorkerStatus] {
    let sql = """
      select name, host, job_id, models, alive,
        extract(epoch from clock_timestamp() - heartbeat_at)::bigint as heartbeat,
        to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as started
      from docproc.workers order by alive desc, name, job_id
      """
    return try rows(sql).map { row in
      WorkerStatus(
        name: try row.optionalText("name") ?? "", host: try row.optionalText("host") ?? "",
        job: try row.optionalInteger("job_id"),
        models: try row.optionalText("models") == nil ? [] : try row.list("models"),
        isAlive: try row.boolean("alive"), heartbeatSeconds: try row.integer("heartbeat"),
        startedAt: try row.text("started"))
    }
  }
}
