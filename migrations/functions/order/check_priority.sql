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
    -- Who acts for a tenant has its limit, not that of his own login.
    (
      select max(m.most_priority)
      from member m
      where case
        when current_tenant() = session_user
          or exists (
            select
            from member o
            where o.role = session_user
              and o.tenant = current_tenant()
          ) then m.role = session_user
        else m.tenant = current_tenant()
      end
    ),
    setting('most_priority')::integer);

  if priority > highest then
    raise exception 'the priority is %, more than the limit of %', priority, highest
      using
        errcode = 'check_violation',
        hint = 'An administrator can raise most_priority in docproc.setting, or for a role in '
          'docproc.member.';
  end if;
end $$;
