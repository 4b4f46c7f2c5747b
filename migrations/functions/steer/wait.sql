-- Waits until a job is finished or paused, or the time is over.
-- Submitters call it; it returns the job's state at that moment.
-- It raises no_data_found unless the caller may know of the job.
-- It looks four times a second, and locks nothing.
-- It holds a snapshot meanwhile: give short times, and call it again.
create or replace function docproc.wait(
  job bigint,
  at_most interval default interval '60 s'
)
returns text
language plpgsql
as $$
declare
  until timestamptz := clock_timestamp() + at_most;
  result text;
begin
  perform require_job(job);

  loop
    select state into result
    from job_state
    where job_id = job;

    if result not in ('available', 'running') or clock_timestamp() >= until then
      return result;
    end if;

    perform pg_sleep(0.25);
  end loop;
end $$;
