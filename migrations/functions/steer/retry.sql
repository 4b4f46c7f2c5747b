-- Gives a failed or cancelled job all of its attempts again.
-- Submitters call it; it returns the job's state after the call.
-- A job in any other state is left as it is.
-- It raises no_data_found unless the caller may know of the job.
-- It locks the state of a failed or cancelled job.
create or replace function docproc.retry(job bigint)
returns text
language plpgsql
as $$
declare
  result text;
begin
  perform require_job(job);

  update job_state
  set attempts = 0, crashes = 0, deaths = 0, misses = 0, state = 'available', finished_at = null
  where job_id = job
    and state in ('failed', 'cancelled');

  if found then
    perform make_ready(job, interval '0');
    perform record_event(job, 'retried');
  end if;

  select state into result
  from job_state
  where job_id = job;

  return result;
end $$;
