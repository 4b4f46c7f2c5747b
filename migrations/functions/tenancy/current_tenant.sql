-- Returns the tenant that the caller's jobs and documents belong to.
-- All roles may call it; the policies of row security go by it.
-- A login role is its own tenant, unless docproc.member names another.
-- Who may be docproc_coordinator acts for the tenant that docproc.tenant names, where it does.
create or replace function docproc.current_tenant()
returns text
language sql
stable
as $$
  select coalesce(
    case
      when pg_has_role(session_user, 'docproc_coordinator', 'member')
        then nullif(current_setting('docproc.tenant', true), '')
    end,
    (select m.tenant from member m where m.role = session_user),
    session_user::text)
$$;
