import Documents
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// Workers that end while they load or save kept readings, states that are damaged on the way, a
/// server that starts anew: answers are those of an undisturbed reading.
@Suite(.serialized) struct KeptFaultTests {
  @Test func keptReadingsAreNeverWrong() throws {
    let fleet = try Fleet(seed: ChaosScale.seed &+ 80)
    try fleet.queue.connection.execute(
      script: "update docproc.setting set value = '0 s' where name = 'keep_readings_from'")
    var random = SplitMix(ChaosScale.seed &+ 81)
    let text = ChaosModel.text(tokens: 20_000, &random)
    let asked = [
      "Which stone is red?", "Who keeps the letters?", "Where is the old house?",
      "What opens by night?", "When is the river green?", "Why is the wind in the garden?",
    ]
    func ask(_ question: String) throws -> Int {
      try fleet.queue.jobs.submit(
        JobOrder(
          Document(name: "kept.txt", text: text), .ask, question: question, model: "tiny",
          again: true)
      ).id
    }
    var jobs = [try ask(asked[0])]
    try fleet.start("worker-1")
    #expect(try fleet.wait(until: 1, seconds: 120))
    #expect(try fleet.count("select states from docproc.readings") > 0)

    try fleet.start("worker-2")
    let count = ChaosScale.of(8, full: 60)
    var kills = 0
    var damages = 0
    var restarts = 0
    let begun = Date()
    let done = try fleet.wait(
      until: { count }, seconds: Double(ChaosScale.of(240, full: 1200)), every: 0.3
    ) {
      if jobs.count < count { jobs.append(try ask(asked[jobs.count % asked.count])) }
      if Int.random(in: 0..<25, using: &random) == 0 {
        fleet.workers.last?.kill()
        kills += 1
        try fleet.start("worker-\(kills + 2)")
      }
      if Int.random(in: 0..<15, using: &random) == 0 { damages += try fleet.damageKept(&random) }
      if jobs.count == count / 2, restarts == 0 {
        restarts += 1
        try ServerControl(fleet).stop(mode: "immediate")
        try ServerControl(fleet).start()
        try fleet.reconnect()
      }
    }
    #expect(done)
    try fleet.judge(jobs)
    let reused = try fleet.count("select count(*) from docproc.results where reused_tokens > 0")
    #expect(reused > 0 && kills > 0 && damages > 0)
    ChaosScale.report(
      "kept readings: \(count) questions, \(reused) on kept readings, \(kills) kills, \(damages) "
        + "damages, \(Int(-begun.timeIntervalSinceNow)) s")
  }
}

extension Fleet {
  /// Changes a byte of a kept state or page, in the database and on the workers' disk.
  /// - Returns: how many were changed.
  func damageKept(_ random: inout SplitMix) throws -> Int {
    let table = Bool.random(using: &random) ? "kept_state" : "kept_page"
    let column = table == "kept_state" ? "state" : "data"
    let place = Int.random(in: 0..<500, using: &random)
    let changed = try queue.connection.query(
      """
      update docproc.\(table) set \(column) = set_byte(\(column), \(place),
        255 - get_byte(\(column), \(place)))
      where ctid in (select ctid from docproc.\(table) order by random() limit 1
        for update skip locked)
        and octet_length(\(column)) > 500
      returning 1
      """
    ).count
    let cache = cluster.directory.path + "/readings"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
    where Bool.random(using: &random) {
      guard let handle = FileHandle(forWritingAtPath: cache + "/" + name) else { continue }
      try handle.seek(toOffset: UInt64(place))
      try handle.write(contentsOf: Data([UInt8.random(in: 0...255, using: &random)]))
      try handle.close()
    }
    return changed
  }
}
