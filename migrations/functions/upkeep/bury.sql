-- Takes the claims from a worker whose process has ended, and forgets the worker.
-- Workers of the same host call it, who can tell; it returns how many claims it ended.
-- A job over which processes have ended as often as the setting most_deaths says is set aside: it
-- may end each process that reads it.
-- It locks the claims' rows and then the jobs' states.
create or replace function docproc.bury(dead uuid, reason text)
returns integer
language plpgsql
as $$
declare
  evidence text := format(
    '%s, not heard of since %s',
    reason,
    coalesce(
      (
        select to_char(w.heartbeat_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
        from worker w
        where w.id = dead
      ),
      'its start'));
  lost record;
  died integer;
  count integer := 0;
begin
  for lost in
    select c.job_id, c.fence
    from claim c
    where c.worker_id = dead
    order by c.job_id
    for update
  loop
    update job_state s
    set deaths = s.deaths + 1
    where s.job_id = lost.job_id
    returning s.deaths into died;

    if died >= setting('most_deaths')::integer then
      perform set_aside(lost.job_id, lost.fence, evidence);
    else
      perform take_back(lost.job_id, lost.fence, evidence);
    end if;

    count := count + 1;
  end loop;

  delete from worker w
  where w.id = dead;

  return count;
end $$;
