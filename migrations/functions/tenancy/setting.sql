-- Returns the value of a setting; null when it is empty or unknown.
-- All roles may call it, and programs do so whenever they need the value.
create or replace function docproc.setting(wanted text)
returns text
language sql
stable
as $$
  select nullif(value, '')
  from setting
  where name = wanted
$$;
