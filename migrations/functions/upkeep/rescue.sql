-- Gives back the jobs of dead or stalled workers, a few at a time.
-- Jobs that are past their deadline fail; workers long dead are forgotten.
-- Called by docproc.sweep; it returns how many claims it ended.
-- After the server's start, and after a time in which nobody swept, workers have a whole lease to
-- be heard again: neither a restart nor an outage is anybody's death.
-- It locks the claims in question, and skips those that are locked.
create or replace function docproc.rescue(lease interval default null)
returns integer
language plpgsql
as $$
declare
  allowed interval := coalesce(lease, setting('lease')::interval);
  stall interval := setting('stall')::interval;
  -- A worker that was not heard of since then is dead.
  since timestamptz := clock_timestamp() - allowed;
  serving boolean := greatest(
    pg_postmaster_start_time(),
    (select u.since from upkeep u where u.name = 'sweep')) < since;
  lost record;
  count integer := 0;
begin
  for lost in
    select
      c.job_id,
      c.fence,
      w.name,
      w.host,
      w.heartbeat_at,
      c.worked_at,
      c.claimed_at,
      j.deadline,
      case
        when serving
          and (w.id is null or w.heartbeat_at <= since)
          and c.claimed_at < since
          then 'dead'
        when c.worked_at < clock_timestamp() - stall then 'stalled'
        when c.claimed_at < clock_timestamp() - j.deadline then 'late'
      end as why
    from claim c
    join job j on j.id = c.job_id
    left join worker w on w.id = c.worker_id
    where serving
        and (w.id is null or w.heartbeat_at <= since)
        and c.claimed_at < since
      or c.worked_at < clock_timestamp() - stall
      or c.claimed_at < clock_timestamp() - j.deadline
    order by c.job_id
    limit 10
    for update of c skip locked
  loop
    if lost.why = 'late' then
      delete from claim c
      where c.job_id = lost.job_id
        and c.fence = lost.fence;

      perform finish(
        lost.job_id,
        'failed',
        lost.fence,
        format('it took longer than its deadline of %s', lost.deadline));
    else
      perform take_back(
        lost.job_id,
        lost.fence,
        case lost.why
          when 'dead' then format(
            'worker %s on %s was not heard of since %s',
            coalesce(lost.name, '?'),
            coalesce(lost.host, '?'),
            to_char(
              coalesce(lost.heartbeat_at, lost.claimed_at) at time zone 'UTC',
              'YYYY-MM-DD HH24:MI:SS'))
          else format(
            'worker %s on %s lived, but did nothing for %s', lost.name, lost.host, stall)
        end);
    end if;

    count := count + 1;
  end loop;

  delete from worker w
  where w.heartbeat_at < clock_timestamp() - allowed * 20
    and not exists (select from claim c where c.worker_id = w.id);

  return count;
end $$;
