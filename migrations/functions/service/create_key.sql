-- Makes an API key: the caller has drawn it, and gives its SHA-256 alone.
-- Administrators call it, for any tenant; coordinators for the one that they act for.
-- It returns the tenant that the key acts for; null stands for the caller's own.
create or replace function docproc.create_key(
  id text,
  sha256 text,
  hint text,
  scopes text[],
  name text default '',
  tenant text default null,
  expires_after interval default null
)
returns text
language plpgsql
as $$
declare
  owner text := coalesce(create_key.tenant, current_tenant());
begin
  if owner <> current_tenant() and not sees_all() then
    raise exception 'only an administrator makes keys of the tenant %', owner
      using errcode = 'insufficient_privilege';
  end if;

  insert into api_key (id, tenant, name, sha256, hint, scopes, expires_at)
  values (
    create_key.id, owner, create_key.name, create_key.sha256, create_key.hint, create_key.scopes,
    clock_timestamp() + expires_after);

  return owner;
end $$;
