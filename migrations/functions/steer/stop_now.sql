-- Stops a job that nobody holds: it is cancelled or paused.
-- Other functions call it once the job is neither claimed nor queued.
-- It locks the job's state; a paused job keeps its checkpoint.
create or replace function docproc.stop_now(
  job bigint,
  wished text,
  held_fence bigint default null
)
returns void
language plpgsql
as $$
begin
  if wished = 'cancel' then
    perform finish(job, 'cancelled', held_fence);
  else
    update job_state
    set state = 'paused', error = null
    where job_id = job;

    perform record_event(job, 'paused', held_fence);
  end if;
end $$;
