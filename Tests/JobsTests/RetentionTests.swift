import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// How events come and go by months, beside whoever reads them.
@Suite(.serialized) struct RetentionTests {
  private static let cluster = Result { try TestCluster() }
  private let fixture: QueueFixture

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private var queue: PostgresWorkerQueue { fixture.queue }

  private func session(zone: String) throws -> PostgresWorkerQueue {
    let other = try PostgresWorkerQueue(url: fixture.url)
    try other.connection.execute(script: "set timezone = '\(zone)'")
    return other
  }

  @Test(arguments: ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
  func monthsBeginInUTCWhateverTheSessionsZone(zone: String) throws {
    try queue.connection.dropMonths()
    for zone in [zone, "Pacific/Auckland"] {
      #expect(try session(zone: zone).forgetOld() == 0)
    }
    let odd = try fixture.value(
      """
      select count(*) from docproc.event_bounds()
      where date_trunc('month', lower at time zone 'UTC') <> lower at time zone 'UTC'
      """)
    #expect(odd == "0")
    #expect(try fixture.value("select count(*) from docproc.event_bounds()") == "2")
  }

  @Test func monthsGoOnWhereOthersOfAnotherZoneEnd() throws {
    try queue.connection.dropMonths()
    try fixture.run(
      """
      do $$ begin
        execute format('create table docproc.event_eastern partition of docproc.event for values from (%L) to (%L)',
          date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '9 hours',
          (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC' - interval '9 hours');
      end $$
      """)
    #expect(try queue.forgetOld() == 0)
    #expect(try fixture.value("select count(*) from docproc.event_bounds()") == "3")
    _ = try queue.jobs.submit(fixture.order())
    #expect(try fixture.value("select count(*) from docproc.event_other") == "0")
  }

  @Test func eventsOfOtherMonthsFollowRetentionAndMoveIntoTheirMonth() throws {
    try fixture.run(
      """
      drop table if exists docproc.event_eastern;
      insert into docproc.event (job_id, at, kind) values (1, now() - interval '5 years', 'old');
      insert into docproc.event (job_id, at, kind) values (1, now() + interval '70 days', 'early');
      """)
    #expect(try fixture.value("select count(*) from docproc.event_other") == "2")
    #expect(try queue.forgetOld() == 0)
    #expect(try fixture.value("select string_agg(kind, ',') from docproc.event_other") == "early")
    try queue.connection.dropMonths()
    try fixture.run("insert into docproc.event (job_id, kind) values (1, 'now')")
    #expect(try queue.forgetOld() == 0)
    #expect(
      try fixture.value("select string_agg(kind, ',') from docproc.event_other") == "early",
      "this month's went into its partition")
    #expect(try fixture.value("select count(*) from docproc.event where kind = 'now'") == "1")
  }

  @Test func retentionWaitsForNoReader() throws {
    try queue.connection.dropMonths()
    try queue.connection.addOldMonth()
    let reader = try Connection(url: fixture.url)
    try reader.execute(script: "begin; select count(*) from docproc.events")
    let begun = Date()
    #expect(try queue.forgetOld() == 0)
    #expect(try queue.jobs.submit(fixture.order()).created)
    #expect(-begun.timeIntervalSinceNow < 3)
    #expect(try fixture.value("to_regclass('docproc.event_2020_02') is not null") == "true")
    try reader.execute(script: "commit")
    #expect(try queue.forgetOld() == 0)
    #expect(try fixture.value("to_regclass('docproc.event_2020_02') is null") == "true")
    #expect(try fixture.value("select count(*) from docproc.event_bounds()") == "2")
  }
}
