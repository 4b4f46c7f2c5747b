-- Begins the upload of a document's text, to be ordered by docproc.submit_upload.
-- Submitters call it; it returns the upload's number.
-- An upload that nobody ordered within a day is deleted.
create or replace function docproc.begin_upload()
returns bigint
language sql
as $$
  insert into content (tenant)
  values (current_tenant())
  returning id
$$;
