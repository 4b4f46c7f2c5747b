-- All jobs, for people with psql and for docproc's own lists.
-- Row security shows the reader the jobs of its own tenant only.
create or replace view docproc.jobs with (security_invoker = true) as
select
  j.id,
  case
    when s.state = 'available' and r.available_at > clock_timestamp() then 'scheduled'
    else s.state
  end as state,
  j.task,
  j.question,
  d.name as document,
  d.sha256 as document_sha256,
  d.bytes as document_bytes,
  j.model,
  j.priority,
  coalesce(k.document_tokens, nullif(c.tokens_total, 0)) as document_tokens,
  coalesce(k.tokens_read, c.tokens_done, p.tokens) as tokens_read,
  case
    when s.state = 'completed' then 100.0
    when c.tokens_total > 0 then round(100.0 * c.tokens_done / c.tokens_total, 1)
  end as percent,
  round(coalesce(k.tokens_per_second, g.speed)::numeric, 1) as tokens_per_second,
  case
    when g.speed > 0 then make_interval(secs => round((c.tokens_total - c.tokens_done) / g.speed))
  end as eta,
  p.tokens as checkpoint_tokens,
  p.saved_at as checkpoint_at,
  c.wish,
  coalesce(o.worker, w.name) as worker,
  s.attempts,
  s.crashes,
  s.releases,
  s.error,
  j.created_at,
  s.started_at,
  s.finished_at,
  j.deadline,
  j.tenant,
  case
    when s.state <> 'running' then null
    -- What a read document's answer takes before its first token belongs to the writing.
    when c.written_tokens > 0 or c.tokens_total > 0 and c.tokens_done >= c.tokens_total then 'writing'
    when c.tokens_total > 0 then 'reading'
    else 'preparing'
  end as phase,
  c.written_tokens,
  c.written
from docproc.job j
join docproc.job_state s on s.job_id = j.id
join docproc.document d on d.id = j.document_id
left join docproc.ready r on r.job_id = j.id
left join docproc.claim c on c.job_id = j.id
left join docproc.worker w on w.id = c.worker_id
left join docproc.checkpoint p on p.job_id = j.id
left join docproc.reading k on k.job_id = j.id
left join docproc.result o on o.job_id = j.id
-- Tokens a second since this claim's reading began; null before its first token.
left join lateral (
  select
    (c.tokens_done - c.resumed_from)
    / nullif(extract(epoch from clock_timestamp() - c.reading_since), 0)::float8 as speed
  where c.tokens_done > c.resumed_from
) g on true;

comment on view docproc.jobs is
  'One row per job: where it stands, how far its reading is, how fast, and when it should be done.';
