-- What people query with psql.

create view docproc.jobs as
select
  j.id,
  case when s.state = 'available' and r.available_at > clock_timestamp() then 'scheduled' else s.state end as state,
  j.task,
  j.question,
  d.name as document,
  d.sha256 as document_sha256,
  d.bytes as document_bytes,
  j.model,
  j.priority,
  coalesce(k.document_tokens, nullif(c.tokens_total, 0)) as document_tokens,
  coalesce(k.tokens_read, c.tokens_done) as tokens_read,
  case when s.state = 'completed' then 100.0
       when c.tokens_total > 0 then round(100.0 * c.tokens_done / c.tokens_total, 1) end as percent,
  coalesce(o.worker, w.name) as worker,
  s.attempts, s.crashes, s.releases, s.error,
  j.created_at, s.started_at, s.finished_at
from docproc.job j
join docproc.job_state s on s.job_id = j.id
join docproc.document d on d.id = j.document_id
left join docproc.ready r on r.job_id = j.id
left join docproc.claim c on c.job_id = j.id
left join docproc.worker w on w.id = c.worker_id
left join docproc.reading k on k.job_id = j.id
left join docproc.result o on o.job_id = j.id;
comment on view docproc.jobs is 'One row per job: where it stands, and how far its reading is.';

create view docproc.results as
select
  j.id,
  j.task,
  j.question,
  d.name as document,
  d.sha256 as document_sha256,
  o.answer,
  o.supported,
  o.evidence,
  o.model_name as model,
  o.model_sha256,
  k.passes, k.document_tokens, k.tokens_read, k.seconds, k.tokens_per_second, k.peak_rss_bytes,
  k.checkpoints, k.resumed_from,
  o.worker,
  o.payload_raw_bytes,
  octet_length(o.payload) as payload_bytes,
  j.created_at,
  s.finished_at
from docproc.result o
join docproc.job j on j.id = o.job_id
join docproc.job_state s on s.job_id = j.id
join docproc.document d on d.id = j.document_id
join docproc.reading k on k.job_id = j.id;
comment on view docproc.results is 'One row per finished job: its answer or summary, evidence, and what the reading took.';

-- The quotes of all results, one row each; offsets count Unicode scalars of the document's text.
create view docproc.evidence as
select o.job_id, e.ordinality as rank, (e.value ->> 'start')::bigint as start, (e.value ->> 'end')::bigint as "end",
  e.value ->> 'quote' as quote, (e.value ->> 'score')::float8 as score, e.value ->> 'path' as path
from docproc.result o, jsonb_array_elements(o.evidence) with ordinality e;
