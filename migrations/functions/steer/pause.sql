-- Keeps a job from being read until docproc.resume is called.
-- Submitters call it; it returns the job's state after the call.
-- A running job goes on to its next block and is saved there.
-- It raises no_data_found unless the caller may know of the job.
-- All of it is done by docproc.stop, which says what is locked.
create or replace function docproc.pause(job bigint)
returns text
language sql
as $$
  select stop(job, 'pause')
$$;
