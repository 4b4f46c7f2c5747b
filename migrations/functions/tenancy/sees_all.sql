-- Returns whether the caller may see and change the jobs of all tenants.
-- All roles may call it; the policies of row security go by it.
-- True for superusers, and for who is a member of docproc_admin.
-- Never where docproc.tenant is set: then the caller acts for that tenant alone.
create or replace function docproc.sees_all()
returns boolean
language sql
stable
as $$
  select coalesce(
    bool_or(
      r.rolsuper
      or pg_has_role(session_user, r.oid, 'member') and r.rolname = 'docproc_admin'),
    false)
    and coalesce(current_setting('docproc.tenant', true), '') = ''
  from pg_catalog.pg_roles r
  where r.rolname in (session_user, 'docproc_admin')
$$;
