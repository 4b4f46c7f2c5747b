-- Returns the tenant that the caller's jobs and documents belong to.
-- All roles may call it; the policies of row security go by it.
-- A login role is its own tenant, unless docproc.member names another.
create or replace function docproc.current_tenant()
returns text
language sql
stable
as $$
  select coalesce(
    (select m.tenant from member m where m.role = session_user),
    session_user::text)
$$;
