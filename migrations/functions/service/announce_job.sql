-- Queues the events of a job that has ended: its own, and those of its responses.
-- Other functions call it in the transaction that ends the job.
create or replace function docproc.announce_job(job bigint, final_state text)
returns void
language plpgsql
as $$
declare
  owner text := (select j.tenant from job j where j.id = announce_job.job);
begin
  if not exists (select from webhook w where w.tenant = owner) then
    return;
  end if;

  perform announce(owner, 'job.' || final_state, job::text);

  perform announce(owner, 'response.' || final_state, r.id)
  from response r
  where r.job_id = announce_job.job
    and r.id like 'resp\_%'
    and r.cancelled_at is null;
end $$;
