-- Deletes a file with its bytes, and its document where no job needs it.
-- Coordinators call it; it returns false where the tenant has no such file.
-- It locks the file's row, and then the document's.
create or replace function docproc.drop_file(file text)
returns boolean
language plpgsql
as $$
begin
  perform
  from file f
  where f.id = drop_file.file
    and f.tenant = current_tenant()
  for update;

  if not found then
    return false;
  end if;

  perform drop_file_of_any(drop_file.file);
  return true;
end $$;
