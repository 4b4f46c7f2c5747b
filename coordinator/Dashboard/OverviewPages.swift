import Foundation
import Hummingbird
import Jobs

/// The overview, and lists of jobs.
struct OverviewPages: Sendable {
  private static let mostRunning = 20
  private static let jobsAtOnce = 50
  /// Seconds from one look at the numbers to the next.
  private static let pause = 2.0

  let dashboard: Dashboard

  private var pool: DatabasePool { dashboard.pool }

  func add(to router: Router<ServiceContext>) {
    dashboard.get("/", on: router) { _, _, session in try await overview(session) }
    dashboard.get("live", on: router) { _, _, session in live(session.key.tenant) }
    dashboard.get("jobs", on: router) { request, _, session in try await jobs(request, session) }
  }

  private func overview(_ session: SignIn.Session) async throws -> Response {
    let found = try await pool.run(for: session.key.tenant) { session in
      (
        overview: try session.overview(),
        jobs: try session.submitter.list(limit: Self.mostRunning, states: [.running])
      )
    }
    let now = found.overview
    let oldest = now.oldestSeconds.map(Shown.duration) ?? "–"
    let figures = [
      ("Waiting", Shown.count(now.waiting)), ("Running", Shown.count(now.running)),
      ("Paused", Shown.count(now.paused)), ("Longest wait", oldest),
      ("Tokens a second", Shown.count(Int(now.tokensPerSecond.rounded()))),
      ("Live workers", Shown.count(now.liveWorkers)),
      ("Completed, last day", Shown.count(now.completedToday)),
      ("Failed, last day", Shown.count(now.failedToday)),
    ]
    var values: [String: Any] = [
      "figures": figures.map { ["name": $0.0, "value": $0.1] },
      "plot": DayPlot(now.hours).values,
      "hours": now.hours.map {
        ["hour": $0.hour, "tokens": Shown.count($0.tokens), "jobs": Shown.count($0.jobs)]
      },
      "maySubmit": session.key.may(.submit),
      "models": try await dashboard.limits.current().models.map(\.name),
    ]
    values.merge(JobTable.values(found.jobs)) { $1 }
    return dashboard.pages.response(
      "overview", .init(session.key, csrf: session.csrf, path: "/"), values)
  }

  /// Says when the numbers are others than before: the page then fetches itself.
  private func live(_ tenant: String) -> Response {
    ServerSentEvents.response { [pool] events in
      var last: Overview?
      var said = ContinuousClock.now
      while true {
        let now = try await pool.run(for: tenant) { try $0.overview() }
        if let last, last != now {
          try await events.send("changed")
          said = .now
        } else if (ContinuousClock.now - said) / .seconds(1) > 15 {
          try await events.ping()
          said = .now
        }
        last = now
        try await Task.sleep(for: .seconds(Self.pause))
      }
    }
  }

  private func jobs(_ request: Request, _ session: SignIn.Session) async throws -> Response {
    let state = request.query("state") ?? ""
    let states = try JobRoutes.states(state)
    let before = request.query("after").flatMap(Int.init)
    let found = try await pool.run(for: session.key.tenant) { session in
      try session.submitter.list(limit: Self.jobsAtOnce + 1, states: states, before: before)
    }
    let shown = Array(found.prefix(Self.jobsAtOnce))
    let more =
      found.count > shown.count ? shown.last.map { "/jobs?state=\(state)&after=\($0.id)" } : nil
    let choices = [("", "all")] + JobState.allCases.map { ($0.rawValue, $0.rawValue) }
    var values: [String: Any] = [
      "states": choices.map {
        ["value": $0.0, "name": $0.1, "isChosen": $0.0 == state] as [String: Any]
      },
      "more": more ?? "",
    ]
    values.merge(JobTable.values(shown)) { $1 }
    return dashboard.pages.response(
      "jobs", .init(session.key, csrf: session.csrf, path: "/jobs"), values)
  }
}

/// Rows of a table of jobs.
enum JobTable {
  static func values(_ jobs: [JobStatus]) -> [String: Any] {
    ["jobs": jobs.map(row), "hasJobs": !jobs.isEmpty]
  }

  private static func row(_ job: JobStatus) -> [String: Any] {
    var row: [String: Any] = [
      "id": job.id, "state": job.state.rawValue, "document": job.document,
      "question": job.question ?? (job.task == JobTask.ask.rawValue ? "" : job.task),
      "age": age(job.createdAt),
    ]
    if let percent = job.percent { row["percent"] = percent.formatted() }
    return row
  }

  /// Since a time of the database's.
  static func age(_ time: String) -> String {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = try? Date(time, strategy: style) else { return "" }
    return Shown.duration(Int(-date.timeIntervalSinceNow))
  }
}

/// A day in bars, one an hour.
struct DayPlot {
  private static let size = (width: 720, height: 120)

  private let hours: [Overview.Hour]

  init(_ hours: [Overview.Hour]) { self.hours = hours }

  var values: [String: Any] {
    let most = max(1, hours.map(\.tokens).max() ?? 1)
    let step = Self.size.width / max(1, hours.count)
    let room = Self.size.height
    let bars = hours.enumerated().map { index, hour -> [String: Any] in
      let height = hour.tokens * room / most
      return [
        "x": index * step + 1, "y": room - height, "width": step - 2, "height": height,
        "says": "\(hour.hour): \(Shown.count(hour.tokens)) tokens, \(hour.jobs) jobs",
      ]
    }
    let total = hours.reduce(0) { $0 + $1.tokens }
    return [
      "width": Self.size.width, "height": Self.size.height,
      "bars": bars,
      "says":
        "\(Shown.count(total)) tokens in all, at most \(Shown.count(most == 1 ? 0 : most)) within an hour",
    ]
  }
}
