-- Fails a job over which worker processes have ended, with what is known of it.
-- Called by docproc.bury; docproc.retry puts the job back on the queue.
-- It locks the claim's row and then the job's state.
create or replace function docproc.set_aside(
  job bigint,
  lost_fence bigint,
  reason text
)
returns void
language plpgsql
as $$
declare
  lost record;
begin
  delete from claim c
  where c.job_id = job
    and c.fence = lost_fence
  returning c.worker_id, c.tokens_done, c.tokens_total into lost;

  if not found then
    return;
  end if;

  update job_state s
  set attempts = s.attempts - 1, crashes = s.crashes + 1
  where s.job_id = job;

  perform record_event(
    job,
    'set aside',
    lost_fence,
    lost.worker_id,
    format('%s, at %s of %s tokens', reason, lost.tokens_done, lost.tokens_total));

  perform finish(
    job,
    'failed',
    lost_fence,
    format(
      'set aside, since worker processes ended while they read it: %s; look at their logs and '
      'at the document, then: docproc retry %s',
      (
        select string_agg(e.detail, '; ' order by e.id)
        from event e
        where e.job_id = job
          and e.kind in ('rescued', 'set aside')
          and e.id > coalesce((
            select max(r.id)
            from event r
            where r.job_id = job
              and r.kind = 'retried'), 0)
      ),
      job));
end $$;
