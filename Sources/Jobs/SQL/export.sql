-- Some results behind a place, oldest first; a job that asked many questions has a row for each.
with one as (
  select
    r.id as job,
    coalesce(a.ordinal, 0) as ordinal,
    a.id as question_id,
    r.task,
    r.document,
    r.document_sha256,
    coalesce(a.question, r.question) as question,
    coalesce(a.answer, r.answer) as answer,
    coalesce(a.supported, r.supported) as supported,
    coalesce(a.uncertain, r.uncertain) as uncertain,
    coalesce(a.evidence, r.evidence) as evidence,
    r.model,
    r.tokens_read,
    r.reused_tokens,
    r.seconds,
    r.created_at,
    r.finished_at
  from docproc.results r
  left join docproc.answers a on a.job_id = r.id
  where (r.id, coalesce(a.ordinal, 0)) > ($1::bigint, $2::integer)
    and r.id >= $1::bigint
  order by r.id, coalesce(a.ordinal, 0)
  limit 500
)
select o.*, (to_jsonb(o) - 'ordinal')::text as json
from one o
order by o.job, o.ordinal
