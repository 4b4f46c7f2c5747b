-- The quotes of all results, numbered within each result by their rank.
-- Row security shows the reader the quotes of its own tenant only.
create or replace view docproc.evidence with (security_invoker = true) as
select
  o.job_id,
  e.ordinality as rank,
  (e.value ->> 'start')::bigint as start,
  (e.value ->> 'end')::bigint as "end",
  e.value ->> 'quote' as quote,
  (e.value ->> 'score')::float8 as score,
  e.value ->> 'path' as path,
  e.value ->> 'chapter' as chapter,
  e.value ->> 'page' as page,
  (e.value ->> 'line')::bigint as line
from docproc.result o, jsonb_array_elements(o.evidence) with ordinality e;

comment on view docproc.evidence is
  'One row per quote of a result; offsets count Unicode scalars of the document''s text.';
