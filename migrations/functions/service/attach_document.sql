-- Makes a file's text a document: an upload that was made by docproc.begin_upload.
-- Coordinators call it once the text is taken out; it returns the document's id.
-- A file that has a document already keeps it. It locks the file's row.
create or replace function docproc.attach_document(
  file text,
  document_sha256 text,
  upload bigint,
  parts jsonb,
  notes jsonb default '[]'
)
returns bigint
language plpgsql
as $$
declare
  owner text := current_tenant();
  known record;
  given record;
  document bigint;
begin
  select f.filename, f.document_id into known
  from file f
  where f.id = attach_document.file
    and f.tenant = owner
  for update;

  if not found then
    raise exception 'there is no file %', attach_document.file
      using errcode = 'no_data_found';
  end if;

  if known.document_id is not null then
    return known.document_id;
  end if;

  select c.* into given
  from content c
  where c.id = upload
    and c.tenant = owner
  for update;

  perform check_order(
    known.filename, given.bytes, given.scalars, given.is_blank, attach_document.parts, null,
    'none', 0, '{}', null);
  document := store_document(
    owner, known.filename, document_sha256, given.id, attach_document.parts);

  update file f
  set
    document_id = document,
    status = 'processed',
    error = null,
    notes = attach_document.notes
  where f.id = attach_document.file;

  return document;
end $$;
