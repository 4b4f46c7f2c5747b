-- Deletes a file of any tenant with its bytes, and its document where no job needs it.
-- Other functions call it; it locks the file's row, and then the document's.
create or replace function docproc.drop_file_of_any(file text)
returns void
language plpgsql
as $$
declare
  of_document bigint;
  blobs bigint[];
begin
  select array_agg(b.blob_id) into blobs
  from file_blob b
  where b.file_id = drop_file_of_any.file;

  delete from upload_part p
  where p.blob_id = any (blobs);

  delete from file f
  where f.id = drop_file_of_any.file
  returning f.document_id into of_document;

  delete from blob b
  where b.id = any (blobs);

  perform drop_unused_document(of_document);
end $$;
