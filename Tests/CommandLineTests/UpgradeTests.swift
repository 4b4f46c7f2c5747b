import Foundation
import Postgres
import TestSupport
import Testing

/// Other major versions of Postgres, in the folder that DOCPROC_TEST_POSTGRES names.
@Suite(.enabled(if: Repository.otherPostgres != nil)) struct UpgradeTests {
  @Test func theEmbeddedDatabaseGoesToTheNextVersionWithAllThatItHas() throws {
    let home = try TemporaryDirectory()
    let program = Program(
      home: home.path, environment: ["DOCPROC_POSTGRES": try #require(Repository.otherPostgres)])
    defer { _ = try? program.docproc("down") }
    // The cluster is made by the system's own version.
    let first = Program(home: home.path)
    let url = try first.docproc("db", "url").text.trimmingCharacters(in: .whitespacesAndNewlines)
    let job = try first.docproc("submit", Repository.book, "--json")
    #expect(job.status == 0, "\(job.error)")
    let before = try Connection(url: url).query(
      "select docproc.identity() as id, md5(docproc.document_text(1)) as text"
    ).first
    try Connection(url: url).execute(
      script: "create role ann login; grant docproc_submitter to ann")

    do {
      let open = try Connection(url: url)
      let refused = try program.docproc("db", "upgrade")
      #expect(refused.status != 0 && refused.error.contains("other connections"))
      #expect(try open.query("select from docproc.job").count == 1)
    }

    let done = try program.docproc("db", "upgrade", "--json")
    #expect(done.status == 0, "\(done.error)")
    let after = try Connection(url: url).query(
      """
      select docproc.identity() as id, md5(docproc.document_text(1)) as text,
        current_setting('server_version_num')::int / 10000 as version,
        pg_has_role('ann', 'docproc_submitter', 'member') as member
      """
    ).first
    #expect(try after?.text("id") == before?.text("id"))
    #expect(try after?.text("text") == before?.text("text"))
    #expect(try after?.boolean("member") == true)
    #expect(try (after?.integer("version") ?? 0) > 15)
    let again = try program.docproc("db", "upgrade")
    #expect(again.status == 0 && again.text.contains("already"))
    #expect(try program.docproc("db", "upgrade", "--to", "99").status != 0)
    let doctor = try program.docproc("db", "doctor")
    #expect(!doctor.text.contains("problem"), "\(doctor.text)")
  }
}
