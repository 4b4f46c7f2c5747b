select id, state, task, question, document, document_sha256, document_bytes, document_tokens, model, priority, tokens_read,
  percent, tokens_per_second, extract(epoch from eta)::bigint as eta_seconds, checkpoint_tokens, worker, phase, written_tokens, written, attempts, crashes, releases, error,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at,
  to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at,
  to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as finished_at
from docproc.jobs
-- Chosen first, by indexes: the view joins much that nobody has asked for. They are put together in
-- a query of their own: row security lets nothing but a comparison go before it.
where id = any ((select array(
  select j.id from docproc.job j
  where $2::text is null and ($3::bigint is null or j.id < $3)
  order by j.id desc limit $1::integer)
  || array(
  select n.job_id
  from unnest(string_to_array($2::text, ',')) w (state)
  cross join lateral (
    -- Jobs of these states stand in tables of their own, however many have ended.
    (
      select c.job_id from docproc.claim c where w.state = 'running'
        and ($3::bigint is null or c.job_id < $3)
      order by c.job_id desc limit $1::integer)
    union all
    (
      select r.job_id from docproc.ready r
      where w.state in ('available', 'scheduled')
        and (w.state = 'scheduled') = (r.available_at > clock_timestamp())
        and ($3::bigint is null or r.job_id < $3)
      order by r.job_id desc limit $1::integer)
    union all
    (
      select s.job_id from docproc.job_state s
      where w.state not in ('running', 'available', 'scheduled') and s.state = w.state
        and ($3::bigint is null or s.job_id < $3)
      order by s.job_id desc limit $1::integer)) n
  order by n.job_id desc
  limit $1::integer))::bigint[])
order by id desc
