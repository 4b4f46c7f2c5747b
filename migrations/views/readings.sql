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
  s.bytes + coalesce(p.bytes, 0) as bytes,
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
    coalesce(sum(k.bytes), 0)::bigint as bytes,
    max(k.seconds) as seconds,
    sum(k.asked)::bigint as asked,
    max(k.used_at) as used_at
  from docproc.kept_state k
  where k.reading_id = r.id
) s
cross join lateral (
  select sum(q.bytes)::bigint as bytes
  from docproc.kept_page q
  where q.reading_id = r.id
) p;

comment on view docproc.readings is
  'One row per kept reading: its document, size, and what it would take to read again.';
