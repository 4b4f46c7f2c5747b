-- Returns what tells this database from others; results on workers' disks name it.
-- Workers call it at their start. A copy of a database is elsewhere than its identity says: it gets
-- one of its own first, so that it never takes what was meant for the other.
-- A physical copy, or one restored to an earlier time, is told apart by nobody: see docs/backup.md.
create or replace function docproc.identity()
returns text
language plpgsql
as $$
declare
  here text := (select c.system_identifier::text from pg_catalog.pg_control_system() c)
    || '/' || (select d.oid::text from pg_catalog.pg_database d where d.datname = current_database());
  before text;
begin
  select value into before
  from setting
  where name = 'home'
  for update;

  if before is distinct from here then
    if before <> '' then
      update setting
      set value = gen_random_uuid()::text
      where name = 'database';
    end if;

    update setting
    set value = here
    where name = 'home';
  end if;

  return setting('database');
end $$;
