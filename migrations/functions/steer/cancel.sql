-- Cancels a job: one that waits at once, a running one soon.
-- Submitters call it; it returns the job's state after the call.
-- It raises no_data_found unless the caller may know of the job.
-- All of it is done by docproc.stop, which says what is locked.
create or replace function docproc.cancel(job bigint)
returns text
language sql
as $$
  select stop(job, 'cancel')
$$;
