-- Revokes an API key: the next request with it is refused.
-- Administrators call it, for any tenant; coordinators for the one that they act for.
-- It returns whether it was valid until now, and raises no_data_found unless the caller may know of the key.
create or replace function docproc.revoke_key(key text)
returns boolean
language plpgsql
as $$
begin
  update api_key k
  set revoked_at = clock_timestamp()
  where k.id = key
    and k.revoked_at is null
    and (k.tenant = current_tenant() or sees_all());

  if found then
    return true;
  end if;

  if not exists (
    select
    from api_key k
    where k.id = key
      and (k.tenant = current_tenant() or sees_all())
  ) then
    raise exception 'there is no key %', key
      using errcode = 'no_data_found', hint = 'docproc key list shows all.';
  end if;

  return false;
end $$;
