-- All kept readings: what can be asked again without reading anew.
-- Row security shows the reader the readings of its own tenant only.
create or replace view docproc.readings with (security_invoker = true) as
select
  r.id,
  r.document_id,
  d.name as document,
  d.sha256 as document_sha256,
  r.model,
  r.focus,
  s.tokens,
  s.states,
  s.bytes,
  s.seconds,
  s.asked,
  r.made_at,
  s.used_at,
  r.tenant
from docproc.kept_reading r
join docproc.document d on d.id = r.document_id
cross join lateral (
  select
    max(k.tokens) as tokens,
    count(*) as states,
    sum(k.bytes)::bigint as bytes,
    max(k.seconds) as seconds,
    sum(k.asked)::bigint as asked,
    max(k.used_at) as used_at
  from docproc.kept_state k
  where k.reading_id = r.id
) s;

comment on view docproc.readings is
  'One row per kept reading: its document, size, and what it would take to read again.';
