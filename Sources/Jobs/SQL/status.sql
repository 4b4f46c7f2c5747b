select id, state, task, question, document, document_sha256, document_bytes, document_tokens, model, priority, tokens_read,
  percent, tokens_per_second, extract(epoch from eta)::bigint as eta_seconds, checkpoint_tokens, worker, phase, written_tokens, written, attempts, crashes, releases, error,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at,
  to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at,
  to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as finished_at
from docproc.jobs
-- Chosen first, by an index: the view joins much that nobody has asked for.
where id = any (array(
  select j.id
  from docproc.job j
  where ($1::bigint is null or j.id = $1::bigint)
    and ($3::text is null or exists (
      select from docproc.job_state s
      where s.job_id = j.id
        and (case s.state
          when 'available' then case
            when exists (select from docproc.ready r where r.job_id = j.id and r.available_at > clock_timestamp()) then 'scheduled'
            else 'available' end
          else s.state end) = any (string_to_array($3::text, ','))))
  order by j.id desc
  limit $2::integer))
order by id desc
