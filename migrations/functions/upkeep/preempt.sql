-- Asks readings to make way for more important jobs that have been waiting.
-- Called by docproc.sweep; it returns how many readings it asked.
-- The least important goes first; of equals, the one that began last.
-- A reading makes way only if its worker can run the waiting job.
-- It locks the claims that it asks, and itself against a second caller.
create or replace function docproc.preempt()
returns integer
language plpgsql
as $$
declare
  waiting record;
  count integer := 0;
begin
  -- One at a time, or two callers would interrupt two readings for one job.
  if not pg_try_advisory_xact_lock(7310115643) then
    return 0;
  end if;

  -- Each reading that was asked before already makes room for one of them.
  for waiting in
    select r.job_id, r.model, r.priority
    from (
      -- Only what a reading could make way for, of each model by itself.
      select n.*
      from (
        select k.model, min(k.priority) as least
        from (
          select unnest(w.models) as model, j.priority
          from claim c
          join job j on j.id = c.job_id
          join worker w on w.id = c.worker_id
        ) k
        group by k.model
      ) m
      cross join lateral (
        select n.*
        from ready n
        where n.model = m.model
          and n.priority > m.least
          and n.available_at < clock_timestamp() - setting('preempt_after')::interval
        order by n.priority desc, n.available_at, n.job_id
        limit 20
      ) n
      union all
      (
        select n.*
        from ready n
        where n.model like '%/%'
          and n.available_at < clock_timestamp() - setting('preempt_after')::interval
          and n.priority > (
            select min(j.priority)
            from claim c
            join job j on j.id = c.job_id
            join worker w on w.id = c.worker_id
            where w.takes_paths)
        order by n.priority desc, n.available_at, n.job_id
        limit 20
      )
    ) r
    order by r.priority desc, r.available_at, r.job_id
    limit greatest(0, 10 - (select count(*) from claim c where c.wish = 'preempt'))
    offset (select count(*) from claim c where c.wish = 'preempt')
  loop
    update claim
    set wish = 'preempt'
    where claim.wish is null
      and (job_id, fence) = (
        select c.job_id, c.fence
        from claim c
        join job j on j.id = c.job_id
        join worker w on w.id = c.worker_id
        where c.wish is null
          and j.priority < waiting.priority
          and (waiting.model = any (w.models) or w.takes_paths and waiting.model like '%/%')
        order by j.priority, c.claimed_at desc, c.job_id
        limit 1
      );

    if found then
      count := count + 1;
    end if;
  end loop;

  return count;
end $$;
