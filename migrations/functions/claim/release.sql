-- Takes a job back from a worker that stops; no attempt is used up.
-- With a delay the worker lacks what the job needs, such as its model: after the setting
-- most_misses the job fails.
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
  missed integer;
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

  -- With a delay a worker says that it cannot do this job: others may, but not for ever.
  if delay > interval '0' then
    update job_state
    set misses = misses + 1
    where job_id = job
    returning misses into missed;

    if missed >= setting('most_misses')::integer then
      perform finish(
        job, 'failed', held_fence, format('tried %s times, and no worker can: %s', missed, reason));
      return true;
    end if;

    delay := least(delay * power(2, missed - 1), interval '10 min');
  end if;

  perform make_ready(job, delay, reason);
  perform record_event(job, 'released', held_fence, null, coalesce(reason, wished));
  return true;
end $$;
