-- Takes a job back from a worker that stops; no attempt is used up.
-- Workers call it; it returns false when the claim was lost before.
-- The job is on the queue again, unless somebody wished otherwise meanwhile.
-- It locks the claim's row and then the job's state.
create or replace function docproc.release(
  job bigint,
  held_fence bigint,
  delay interval default interval '0',
  reason text default null
)
returns boolean
language plpgsql
as $$
declare
  wished text := wish_of(job, held_fence);
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;

  update job_state
  set attempts = attempts - 1, releases = releases + 1
  where job_id = job;

  if wished in ('cancel', 'pause') then
    perform stop_now(job, wished, held_fence);
    return true;
  end if;

  perform make_ready(job, delay, reason);
  perform record_event(job, 'released', held_fence, null, coalesce(reason, wished));
  return true;
end $$;
