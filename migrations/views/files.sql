-- All files that were uploaded through the HTTP service.
-- Row security shows the reader the files of its own tenant only.
create or replace view docproc.files with (security_invoker = true) as
select
  f.id,
  f.filename,
  f.purpose,
  f.bytes,
  f.sha256,
  f.status,
  f.error,
  f.notes,
  f.document_id,
  f.created_at,
  f.expires_at,
  f.tenant
from docproc.file f;

comment on view docproc.files is 'One row per uploaded file: what it is, and its document.';
