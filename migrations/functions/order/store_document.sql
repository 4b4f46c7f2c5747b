-- Makes a text a document, unless the tenant has it by this name already.
-- Other functions call it; it returns the document's id, and deletes a text that is not needed.
-- It returns null where neither the document nor the text is there.
-- It locks the document's row until the transaction ends.
create or replace function docproc.store_document(
  owner text,
  document_name text,
  digest text,
  content bigint,
  parts jsonb
)
returns bigint
language plpgsql
as $$
declare
  document bigint;
begin
  -- Somebody may remove the same document meanwhile: then it is stored anew.
  loop
    select d.id into document
    from document d
    where d.tenant = owner
      and d.sha256 = digest
      and d.name = document_name
    for key share;

    if found then
      delete from content c
      where c.id = store_document.content
        and not exists (select from document d where d.content_id = c.id);

      return document;
    end if;

    if not exists (select from content c where c.id = store_document.content) then
      return null;
    end if;

    insert into document as d (tenant, name, sha256, content_id, bytes, parts)
    select
      owner,
      document_name,
      digest,
      c.id,
      c.bytes,
      coalesce(
        store_document.parts,
        jsonb_build_array(jsonb_build_object(
          'path', document_name, 'start', 0, 'length', c.scalars)))
    from content c
    where c.id = store_document.content
    on conflict (tenant, sha256, name) do nothing
    returning d.id into document;

    if document is not null then
      return document;
    end if;
  end loop;
end $$;
