-- Deletes a kept state that is of no use, because it is damaged.
-- Workers call it; it returns whether there was one.
create or replace function docproc.drop_kept(job bigint, held_fence bigint, damaged bigint)
returns boolean
language plpgsql
as $$
declare
  owner text;
begin
  delete from kept_state s
  using claim c
  join job j on j.id = c.job_id
  join kept_reading r on r.tenant = j.tenant
  where c.job_id = job
    and c.fence = held_fence
    and s.reading_id = r.id
    and s.id = damaged
  returning r.tenant into owner;

  if not found then
    return false;
  end if;

  perform make_room(owner);
  return true;
end $$;
