-- Notes that a reading went on from a kept state, which is worth more then.
-- Workers call it; it locks the state's row for the moment.
create or replace function docproc.use_kept(job bigint, held_fence bigint, used bigint)
returns void
language sql
as $$
  update kept_state s
  set asked = s.asked + 1, used_at = clock_timestamp()
  from claim c
  join job j on j.id = c.job_id
  join kept_reading r on r.tenant = j.tenant
  where c.job_id = job
    and c.fence = held_fence
    and s.reading_id = r.id
    and s.id = used
$$;
