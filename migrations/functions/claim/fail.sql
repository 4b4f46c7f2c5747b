-- Notes an error of the job itself, which uses up one of its attempts.
-- Workers call it; it returns the job's new state, or 'lost'.
-- The job is tried again while attempts are left and trying may help.
-- It locks the claim's row and then the job's state.
create or replace function docproc.fail(
  job bigint,
  held_fence bigint,
  message text,
  retryable boolean
)
returns text
language plpgsql
as $$
declare
  used integer;
  allowed integer;
  wished text := wish_of(job, held_fence);
begin
  if not end_claim(job, held_fence) then
    return 'lost';
  end if;

  if wished = 'cancel' then
    perform stop_now(job, 'cancel', held_fence);
    return 'cancelled';
  end if;

  select s.attempts, j.max_attempts into used, allowed
  from job_state s
  join job j on j.id = s.job_id
  where s.job_id = job
  for update of s;

  -- The delay doubles with each attempt; chance keeps failed jobs from returning together.
  if retryable and used < allowed then
    perform make_ready(
      job,
      least(interval '10 s' * power(2, used - 1), interval '10 min') * (0.75 + random() / 2),
      message);
    perform record_event(job, 'attempt failed', held_fence, null, message);
    return 'available';
  end if;

  perform finish(job, 'failed', held_fence, message);
  return 'failed';
end $$;
