import TestSupport
import Jobs
import Postgres

/// Who wrote what under which fence, recorded by triggers: the judge of the fleet does not rely
/// on the functions that it judges.
enum WriteLog {
  static let triggers = """
    create table docproc.write_log (
      id bigint generated always as identity, job_id bigint, fence bigint, writer text, kind text, tokens bigint, resumed bigint);
    create function docproc.log_write() returns trigger language plpgsql security definer set search_path = docproc, pg_temp as $$
    begin
      insert into write_log (job_id, fence, writer, kind, tokens, resumed) values (
        new.job_id, new.fence, current_setting('application_name'), tg_argv[0],
        case tg_argv[0] when 'progress' then (to_jsonb(new) ->> 'tokens_done')::bigint when 'checkpoint' then (to_jsonb(new) ->> 'tokens')::bigint end,
        case tg_argv[0] when 'progress' then (to_jsonb(new) ->> 'resumed_from')::bigint end);
      return null;
    end $$;
    create trigger log after insert on docproc.claim for each row execute function docproc.log_write('claim');
    create trigger log_progress after update on docproc.claim for each row
      when (new.work is distinct from old.work) execute function docproc.log_write('progress');
    create trigger log after insert or update on docproc.checkpoint for each row execute function docproc.log_write('checkpoint');
    create trigger log after insert on docproc.result for each row execute function docproc.log_write('result');
    """

  struct Entry: Equatable {
    enum Kind: String { case claim, progress, checkpoint, result }
    var job: Int
    var fence: Int
    var writer: String
    var kind: Kind
    /// Read so far, of progress and checkpoints.
    var tokens: Int?
    /// Where the claim's reading began, of progress.
    var resumed: Int?
  }

  /// In the order of writing.
  static func entries(_ queue: PostgresWorkerQueue) throws -> [Entry] {
    try queue.connection.query(
      "select job_id, fence, writer, kind, tokens, resumed from docproc.write_log order by id"
    ).map { row in
      Entry(
        job: try row.integer("job_id"), fence: try row.integer("fence"),
        writer: try row.text("writer"),
        kind: Entry.Kind(rawValue: try row.text("kind")) ?? .claim,
        tokens: try row.optionalText("tokens").flatMap { Int($0) },
        resumed: try row.optionalText("resumed").flatMap { Int($0) })
    }
  }
}

/// What must hold of a write log, whatever happened.
enum Invariants {
  /// - Returns: a sentence for each violation.
  static func violations(_ log: [WriteLog.Entry]) -> [String] {
    var found: [String] = []
    for (job, entries) in Dictionary(grouping: log, by: \.job).sorted(by: { $0.key < $1.key }) {
      let own: [String] = staleWrites(entries) + results(entries) + lostWork(entries)
      found += own.map { "job \(job): \($0)" }
    }
    return found
  }

  /// Only the latest claim is written about, and only by the worker that has it.
  private static func staleWrites(_ entries: [WriteLog.Entry]) -> [String] {
    var found = [String]()
    var latest = (fence: 0, writer: "")
    for entry in entries {
      if entry.kind == .claim {
        if entry.fence <= latest.fence {
          found.append("fence \(entry.fence) after \(latest.fence)")
        }
        latest = (entry.fence, entry.writer)
      } else if entry.fence != latest.fence {
        found.append(
          "\(entry.kind) by \(entry.writer) with fence \(entry.fence) after a claim with "
            + "\(latest.fence)"
        )
      } else if entry.writer != latest.writer {
        found.append("\(entry.kind) by \(entry.writer) with the fence of \(latest.writer)")
      }
    }

    return found
  }

  private static func results(_ entries: [WriteLog.Entry]) -> [String] {
    guard let first = entries.firstIndex(where: { $0.kind == .result }) else { return [] }
    let later = entries[(first + 1)...]
    return later.isEmpty ? [] : ["\(later.count) writes after its result"]
  }

  /// A claim begins where the last checkpoint stands, not earlier.
  private static func lostWork(_ entries: [WriteLog.Entry]) -> [String] {
    var found = [String]()
    var saved = (tokens: 0, fence: 0)
    var seen = Set<Int>()
    for entry in entries {
      if entry.kind == .checkpoint, let tokens = entry.tokens { saved = (tokens, entry.fence) }
      if entry.kind == .progress, let resumed = entry.resumed, let tokens = entry.tokens,
        tokens > 0, seen.insert(entry.fence).inserted,
        resumed < saved.tokens, tokens > resumed,
        // What it saved itself, before it first told where it is, is no work of others.
        entry.fence != saved.fence
      {
        found.append("fence \(entry.fence) began at \(resumed) though \(saved.tokens) were saved")
      }
    }

    return found
  }

  /// Tokens read again: of each claim but the last, what was reported beyond the next one's
  /// beginning.
  static func tokensReadAgain(_ log: [WriteLog.Entry]) -> [Int] {
    Dictionary(grouping: log.filter { $0.kind == .progress && ($0.tokens ?? 0) > 0 }, by: \.job)
      .values.flatMap { entries in
        zip(entries, entries.dropFirst()).compactMap { before, after in
          before.fence == after.fence ? nil : max(0, (before.tokens ?? 0) - (after.resumed ?? 0))
        }
      }
  }
}
