-- The answers of jobs that asked many questions, one row each.
-- Row security shows the reader the answers of its own tenant only.
create or replace view docproc.answers with (security_invoker = true) as
select
  a.job_id,
  a.ordinal,
  a.id,
  a.question,
  a.answer,
  a.answered_from,
  a.supported,
  a.uncertain,
  a.evidence,
  d.name as document,
  d.sha256 as document_sha256
from docproc.answer a
join docproc.job j on j.id = a.job_id
join docproc.document d on d.id = j.document_id;

comment on view docproc.answers is
  'One row per question of jobs that asked many: its answer and evidence.';
