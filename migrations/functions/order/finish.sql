-- Brings a job to an end in the given state, and drops its checkpoint.
-- Other functions call it once the job is neither claimed nor queued.
-- It locks the job's state, and tells listeners of docproc_finished at the commit.
create or replace function docproc.finish(
  job bigint,
  final text,
  held_fence bigint,
  message text default null
)
returns void
language plpgsql
as $$
begin
  update job_state
  set state = final, error = message, finished_at = clock_timestamp()
  where job_id = job;

  perform drop_checkpoint(job);
  perform record_event(job, final, held_fence, null, message);
  perform pg_notify('docproc_finished', '');
end $$;
