package import Jobs
package import Results

/// A completed job as JSON shows it.
package struct ResultOutput: Encodable {
  package let status: JobStatus
  package let record: ResultRecord

  package init(_ status: JobStatus, _ record: ResultRecord) {
    self.status = status
    self.record = record
  }

  enum CodingKeys: String, CodingKey {
    case id, state, task, question, document, answer, reasoning, supported, summary, highlights,
      outline, evidence, answers, extraction, fields, calls, candidates, model, reading, worker,
      attempts, notes, uncertain
    case answeredFrom = "answered_from"
    case createdAt = "created_at"
    case finishedAt = "finished_at"
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(status.id, forKey: .id)
    try container.encode(status.state, forKey: .state)
    try container.encode(record.task, forKey: .task)
    try container.encode(record.question, forKey: .question)
    try container.encode(record.document, forKey: .document)
    try container.encode(record.answer, forKey: .answer)
    try container.encodeIfPresent(record.answeredFrom, forKey: .answeredFrom)
    try container.encodeIfPresent(record.reasoning, forKey: .reasoning)
    try container.encode(record.supported, forKey: .supported)
    try container.encode(record.uncertain ?? false, forKey: .uncertain)
    try container.encode(record.evidence, forKey: .evidence)
    try container.encodeIfPresent(record.answers, forKey: .answers)
    try container.encodeIfPresent(record.extraction, forKey: .extraction)
    try container.encodeIfPresent(record.fields, forKey: .fields)
    try container.encodeIfPresent(record.calls, forKey: .calls)
    try container.encodeIfPresent(record.candidates, forKey: .candidates)
    if record.task == JobTask.summarize.rawValue {
      try container.encode(record.answer, forKey: .summary)
      try container.encode(record.evidence, forKey: .highlights)
      try container.encode(record.outline ?? [], forKey: .outline)
    }

    try container.encode(record.model, forKey: .model)
    try container.encode(record.reading, forKey: .reading)
    try container.encode(record.worker, forKey: .worker)
    try container.encode(record.notes ?? [], forKey: .notes)
    try container.encode(status.attempts, forKey: .attempts)
    try container.encode(status.createdAt, forKey: .createdAt)
    try container.encode(status.finishedAt, forKey: .finishedAt)
  }
}
