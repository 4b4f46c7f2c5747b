-- Lets a paused job go on from where it stood.
-- Submitters call it; it returns the job's state after the call.
-- A job in any other state is left as it is.
-- It raises no_data_found unless the caller may know of the job.
-- It locks the state of a paused job, or else its claim.
create or replace function docproc.resume(job bigint)
returns text
language plpgsql
as $$
declare
  result text;
begin
  perform require_job(job);

  update job_state
  set state = 'available'
  where job_id = job
    and state = 'paused';

  if found then
    perform make_ready(job, interval '0');
    perform record_event(job, 'resumed');
  else
    -- Its worker was asked to pause, and did not come to it yet.
    update claim
    set wish = null
    where job_id = job
      and wish = 'pause';
  end if;

  select state into result
  from job_state
  where job_id = job;

  return result;
end $$;
