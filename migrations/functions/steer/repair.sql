-- Puts a job on the queue again that is neither queued nor claimed.
-- Administrators call it; it returns the job's state after the call.
-- Nothing in docproc leaves a job so, but an update by hand might.
-- It locks the job's state; null means that there is no such job.
create or replace function docproc.repair(job bigint)
returns text
language plpgsql
as $$
declare
  current text;
begin
  select state into current
  from job_state
  where job_id = job
  for update;

  if current in ('running', 'available')
    and not exists (select from claim where job_id = job)
    and not exists (select from ready where job_id = job)
  then
    perform make_ready(job, interval '0');
    perform record_event(job, 'repaired');
    return 'available';
  end if;

  return current;
end $$;
