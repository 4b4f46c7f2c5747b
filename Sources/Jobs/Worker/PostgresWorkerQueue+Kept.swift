package import Foundation
import Postgres
package import Results

/// Kept readings in the database.
extension PostgresWorkerQueue {
  package func keepPlan(_ claim: Claim) throws -> KeepPlan? {
    try database.rows(from: "keep_plan", claim.parameters).first.map { row in
      KeepPlan(
        leastSeconds: try row.double("least_seconds"), mostBytes: try row.integer("most_bytes"))
    }
  }

  package func kept(
    kind: String, atMost tokens: Int, _ claim: Claim
  ) throws -> [KeptCandidate] {
    try database.rows(from: "find_kept", claim.parameters + [.text(kind), .integer(tokens)]).map {
      KeptCandidate(
        id: try $0.integer("state_id"), tokens: try $0.integer("tokens"),
        idsSHA256: try $0.text("ids_sha256"))
    }
  }

  package func load(
    _ candidate: KeptCandidate, _ claim: Claim, cached: (_ sha256: String) -> [UInt8]?
  ) throws -> Checkpoint? {
    let wanted = claim.parameters + [.integer(candidate.id)]
    func row(withState: Bool) throws -> Row? {
      try database.rows(from: "load_kept", wanted + [.boolean(withState)], binary: true).first
    }
    // Until its end nobody deletes the state.
    return try database.connection.transaction {
      guard let head = try row(withState: false) else { return nil }
      let sha256 = try head.text("sha256")
      let local = cached(sha256)
      guard let payload = try local ?? row(withState: true)?.bytes("state") else { return nil }
      let pages = try database.rows(from: "load_kept_pages", wanted, binary: true)
      return Checkpoint(
        key: "", tokens: try head.integer("tokens"), seconds: try head.double("seconds"),
        number: 0, isa: try head.text("isa"),
        state: CompressedBytes(
          payload: payload, rawBytes: try head.integer("raw_bytes"), sha256: sha256),
        pages: try pages.map(Checkpoint.Page.init))
    }
  }

  package func use(_ candidate: KeptCandidate, _ claim: Claim) throws {
    _ = try database.value(of: "use_kept", claim.parameters + [.integer(candidate.id)])
  }

  package func drop(_ candidate: KeptCandidate, _ claim: Claim) throws {
    _ = try database.value(of: "drop_kept", claim.parameters + [.integer(candidate.id)])
  }

  package func keep(_ kept: KeptState, _ claim: Claim) throws -> Bool {
    let reading = kept.checkpoint
    let page = reading.pages.last
    return try database.value(
      of: "keep_state",
      claim.parameters + [
        .text(kept.kind), .text(kept.focus), .text(kept.modelSHA256), .integer(reading.tokens),
        .integer(kept.position), .text(kept.idsSHA256), .boolean(kept.isEnd),
        .double(reading.seconds), .text(reading.isa), .bytes(reading.state.payload),
        .integer(reading.state.rawBytes), .text(reading.state.sha256),
        .integer(page?.firstToken), .integer(page?.endToken), .bytes(page?.data.payload),
        .integer(page?.data.rawBytes), .text(page?.data.sha256),
      ]
    ).boolean("value")
  }

  // MARK: Answers to many questions

  package func answers(of claim: Claim, key: String) throws -> [ResultRecord.AnswerInfo] {
    try database.rows(from: "load_answers", claim.parameters + [.text(key)]).map {
      try JSONDecoder().decode(
        ResultRecord.AnswerInfo.self, from: Data(try $0.text("answer").utf8))
    }
  }

  package func save(
    _ answers: [ResultRecord.AnswerInfo], from first: Int, _ claim: Claim, key: String
  ) throws -> Bool {
    let encoded = String(decoding: try JSONEncoder().encode(answers), as: UTF8.self)
    return try database.value(
      of: "save_answers",
      claim.parameters + [.text(key), .integer(first), .text(encoded)]
    ).boolean("value")
  }
}
