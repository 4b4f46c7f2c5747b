import Foundation
import Jobs
import TestSupport
import Testing

/// The drawing in docs/job-lifecycle.md, the table's CHECK constraint and `JobState` name the same
/// states.
@Suite(.serialized) struct LifecycleTests {
  private static let cluster = Result { try TestCluster() }
  private let fixture: QueueFixture

  init() throws { fixture = try QueueFixture(try Self.cluster.get()) }

  private var constrained: Set<String> {
    get throws {
      let text = try #require(
        try fixture.value(
          """
          select pg_get_constraintdef(oid) from pg_catalog.pg_constraint
          where conname = 'state_is_known'
          """))
      return Set(text.matches(of: #/'(\w+)'/#).map { String($0.output.1) })
    }
  }

  private func drawing() throws -> [(from: String, to: String, functions: [String])] {
    let page = try String(
      contentsOfFile: Repository.root + "/docs/job-lifecycle.md", encoding: .utf8)
    let arrow = #/^\s*(\w+|\[\*\]) --> (\w+|\[\*\])\s*: (.+)$/#.anchorsMatchLineEndings()
    return page.matches(of: arrow).map { match in
      let functions = match.output.3.split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      return (String(match.output.1), String(match.output.2), functions)
    }
  }

  @Test func theDrawingHasTheStatesOfTheTable() throws {
    let states = Set(try drawing().flatMap { [$0.from, $0.to] }).subtracting(["[*]"])
    #expect(try states == constrained)
    #expect(try Set(JobState.allCases.map(\.rawValue)).subtracting(["scheduled"]) == constrained)
  }

  @Test func theDrawingsFunctionsAreThere() throws {
    let drawn = Set(try drawing().flatMap(\.functions))
    try #require(drawn.count > 8)
    for function in drawn {
      let found = try fixture.value("select to_regproc('docproc.\(function)')")
      #expect(found != nil, "docproc.\(function) is drawn, but not in the schema")
    }
  }

  @Test func knownTasksAreThoseOfTheTable() throws {
    let text = try #require(
      try fixture.value(
        "select pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conname = 'task_is_known'"
      ))
    let tasks = Set(text.matches(of: #/'(\w+)'/#).map { String($0.output.1) })
    #expect(tasks == Set(JobTask.allCases.map(\.rawValue)))
  }
}
