-- Stops a job for good ('cancel') or until it is resumed ('pause').
-- Called by cancel and pause; it returns the job's state after the call.
-- A waiting job stops at once; a running one's worker is told the wish.
-- A wish to cancel stays: a later wish to pause does not replace it.
-- It locks the job's place in the queue, or else its claim.
create or replace function docproc.stop(
  job bigint,
  wished text
)
returns text
language plpgsql
as $$
declare
  result text;
begin
  perform require_job(job);

  -- On its way back to the queue, a job is in neither table for a moment.
  for round in 1..3 loop
    delete from ready
    where job_id = job;

    if found then
      perform stop_now(job, wished);
    else
      update claim
      set wish = wished
      where job_id = job
        and wish is distinct from 'cancel';

      if found then
        perform record_event(job, wished || ' requested');
        perform pg_notify('docproc_wish', job::text);
      end if;
    end if;

    select state into result
    from job_state
    where job_id = job;

    if result = 'paused' and wished = 'cancel' then
      perform stop_now(job, wished);
      return 'cancelled';
    end if;

    exit when result not in ('available', 'running')
      or exists (select from claim where job_id = job);
  end loop;

  return result;
end $$;
