-- Gives a job another priority: it counts from the next claim on.
-- Submitters call it; it returns the job's state.
-- It raises no_data_found unless the caller may know of the job, and check_violation for a priority
-- above the caller's limit. It locks the job's place in the queue.
create or replace function docproc.prioritize(job bigint, priority integer)
returns text
language plpgsql
as $$
declare
  result text;
begin
  perform require_job(job);
  perform check_priority(prioritize.priority);

  update ready r
  set priority = prioritize.priority
  where r.job_id = prioritize.job;

  update job j
  set priority = prioritize.priority
  where j.id = prioritize.job;

  perform record_event(job, 'prioritized', null, null, prioritize.priority::text);

  select s.state into result
  from job_state s
  where s.job_id = prioritize.job;

  return result;
end $$;
