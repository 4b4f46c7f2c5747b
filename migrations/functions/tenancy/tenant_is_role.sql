-- Refuses a member's tenant that is no role: roles and tenants have one name space, so that a name
-- never belongs to two parties. A role that nobody can log in as may stand for a group.
-- The trigger of docproc.member calls it.
create or replace function docproc.tenant_is_role()
returns trigger
language plpgsql
as $$
begin
  if not exists (select from pg_catalog.pg_roles r where r.rolname = new.tenant) then
    raise exception 'the tenant % is no role', new.tenant
      using
        errcode = 'foreign_key_violation',
        hint = format('Make it one first: create role %I', new.tenant);
  end if;

  return new;
end $$;
