-- Deletes a file with its bytes, and its document where no job needs it.
-- Coordinators call it; it returns false where the tenant has no such file.
-- It raises object_in_use while a batch reads its lines from it.
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

  if exists (
    select
    from batch b
    where b.input_file_id = drop_file.file
      and b.status in ('validating', 'in_progress', 'finalizing', 'cancelling')
  ) then
    raise exception 'a batch still reads the file %', drop_file.file
      using errcode = 'object_in_use', hint = 'Cancel the batch, or wait for it.';
  end if;

  perform drop_file_of_any(drop_file.file);
  return true;
end $$;
