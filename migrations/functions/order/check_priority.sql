-- Refuses a priority above what the caller may give.
-- Other functions call it; it raises check_violation. It locks nothing.
create or replace function docproc.check_priority(priority integer)
returns void
language plpgsql
as $$
declare
  highest integer;
begin
  if sees_all() then
    return;
  end if;

  highest := coalesce(
    (select m.most_priority from member m where m.role = session_user),
    setting('most_priority')::integer);

  if priority > highest then
    raise exception 'the priority is %, more than the limit of %', priority, highest
      using
        errcode = 'check_violation',
        hint = 'An administrator can raise most_priority in docproc.setting, or for a role in '
          'docproc.member.';
  end if;
end $$;
