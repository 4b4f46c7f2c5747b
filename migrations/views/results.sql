-- All results, with the order and the reading that each came from.
-- Row security shows the reader the results of its own tenant only.
create or replace view docproc.results with (security_invoker = true) as
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
  k.passes,
  k.document_tokens,
  k.tokens_read,
  k.seconds,
  k.tokens_per_second,
  k.peak_rss_bytes,
  k.checkpoints,
  k.resumed_from,
  o.worker,
  o.payload_raw_bytes,
  octet_length(o.payload) as payload_bytes,
  j.created_at,
  s.finished_at,
  o.answered_from,
  k.focus,
  o.outline,
  k.reused_tokens,
  k.kept,
  o.uncertain,
  o.extraction,
  o.calls
from docproc.result o
join docproc.job j on j.id = o.job_id
join docproc.job_state s on s.job_id = j.id
join docproc.document d on d.id = j.document_id
join docproc.reading k on k.job_id = j.id;

comment on view docproc.results is
  'One row per finished job: its answer or summary, evidence, and what the reading took.';
