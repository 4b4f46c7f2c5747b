-- Queues the events of a job that has ended.
-- The trigger of docproc.job_state calls it, in the transaction that ends the job.
create or replace function docproc.job_has_ended()
returns trigger
language plpgsql
as $$
begin
  perform announce_job(new.job_id, new.state);
  return new;
end $$;
