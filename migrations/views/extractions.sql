-- What was taken out of documents under a schema, one row each: of each part, or of the whole.
-- Row security shows the reader the rows of its own tenant only.
create or replace view docproc.extractions with (security_invoker = true) as
select
  e.job_id,
  e.ordinal,
  e.part,
  e.data,
  e.supported,
  e.fields,
  d.name as document,
  d.sha256 as document_sha256,
  j.model,
  j.question as wish
from (
  select
    a.job_id,
    a.ordinal,
    a.id as part,
    a.extraction as data,
    a.supported,
    a.fields
  from docproc.answer a
  where a.extraction is not null
  union all
  select
    r.job_id,
    0,
    null::text,
    r.extraction,
    r.supported,
    r.fields
  from docproc.result r
  where r.extraction is not null
    and not exists (
      select
      from docproc.answer p
      where p.job_id = r.job_id
    )
) e
join docproc.job j on j.id = e.job_id
join docproc.document d on d.id = j.document_id;

comment on view docproc.extractions is
  'One row per part that data was taken out of, or per document: the data, and where it stands.';
