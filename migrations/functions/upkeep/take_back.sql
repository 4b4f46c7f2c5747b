-- Takes a claim from its worker, and counts a crash for the job.
-- Called by docproc.rescue; it returns false when the claim is gone already.
-- After too many crashes (the setting most_crashes) the job fails.
-- Its error then tells what was noted at each of these crashes.
-- It locks the claim's row and then the job's state.
create or replace function docproc.take_back(
  job bigint,
  lost_fence bigint,
  reason text
)
returns boolean
language plpgsql
as $$
declare
  lost record;
  deaths integer;
begin
  delete from claim c
  where c.job_id = job
    and c.fence = lost_fence
  returning c.worker_id, c.wish, c.tokens_done, c.tokens_total into lost;

  if not found then
    return false;
  end if;

  update job_state s
  set attempts = s.attempts - 1, crashes = s.crashes + 1
  where s.job_id = job
  returning s.crashes into deaths;

  perform record_event(
    job,
    'rescued',
    lost_fence,
    lost.worker_id,
    format('%s, at %s of %s tokens', reason, lost.tokens_done, lost.tokens_total));

  if lost.wish = 'cancel' then
    perform stop_now(job, 'cancel', lost_fence);
  elsif deaths >= setting('most_crashes')::integer then
    perform finish(
      job,
      'failed',
      lost_fence,
      format(
        'its worker was lost %s times while reading it: %s',
        deaths,
        -- Only crashes since somebody last retried the job.
        (
          select string_agg(e.detail, '; ' order by e.id)
          from event e
          where e.job_id = job
            and e.kind = 'rescued'
            and e.id > coalesce((
              select max(r.id)
              from event r
              where r.job_id = job
                and r.kind = 'retried'), 0)
        )));
  elsif lost.wish = 'pause' then
    perform stop_now(job, 'pause', lost_fence);
  else
    perform make_ready(job, interval '0');
  end if;

  return true;
end $$;
