-- Deletes a document that neither a job nor a file needs, with its text.
-- Other functions call it; it returns whether the text is gone. It locks the document's row.
create or replace function docproc.drop_unused_document(document bigint)
returns boolean
language plpgsql
as $$
declare
  of_content bigint;
begin
  -- Locked first: an order that comes meanwhile is seen by the next statement.
  perform
  from document d
  where d.id = drop_unused_document.document
  for update;

  delete from document d
  where d.id = drop_unused_document.document
    and not exists (select from job j where j.document_id = d.id)
    and not exists (select from file f where f.document_id = d.id)
  returning d.content_id into of_content;

  delete from content c
  where c.id = of_content;

  return found;
end $$;
