-- Finds an API key by its SHA-256: whom it acts for, and what it may do.
-- Coordinators call it with every request; it returns no row for a key that is not valid.
-- It notes the use, at most once a minute, and then locks the key's row.
create or replace function docproc.find_key(key_sha256 text)
returns table (id text, tenant text, name text, scopes text[])
language plpgsql
as $$
#variable_conflict use_column
begin
  update api_key k
  set used_at = clock_timestamp()
  where k.sha256 = key_sha256
    and k.revoked_at is null
    and coalesce(k.used_at, '-infinity') < clock_timestamp() - interval '1 minute';

  return query
    select k.id, k.tenant, k.name, k.scopes
    from api_key k
    where k.sha256 = key_sha256
      and k.revoked_at is null
      and coalesce(k.expires_at, 'infinity') > clock_timestamp();
end $$;
