-- Revokes an API key: the next request with it is refused.
-- Administrators call it, for any tenant; coordinators for the one that they act for.
-- It raises no_data_found unless the caller may know of the key.
create or replace function docproc.revoke_key(key text)
returns void
language plpgsql
as $$
begin
  update api_key k
  set revoked_at = coalesce(k.revoked_at, clock_timestamp())
  where k.id = key
    and (k.tenant = current_tenant() or sees_all());

  if not found then
    raise exception 'there is no key %', key
      using errcode = 'no_data_found', hint = 'docproc key list shows all.';
  end if;
end $$;
