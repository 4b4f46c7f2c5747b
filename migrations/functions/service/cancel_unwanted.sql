-- Cancels a job that nobody waits for any more.
-- A job that somebody ordered directly, by SQL or /v1/jobs, is not stopped here.
-- It locks the job's row, so that an order that joins the job meanwhile is seen.
-- Other functions call it, after they have noted that their own wait is over.
create or replace function docproc.cancel_unwanted(job bigint)
returns void
language plpgsql
as $$
begin
  perform
  from job j
  where j.id = job
  for update;

  if exists (
    select
    from job j
    where j.id = job
      and j.is_direct
  ) or exists (
    select
    from response r
    where r.job_id = job
      and r.cancelled_at is null
      -- Those of batches' lines: the batch below tells whether it still waits.
      and r.id not like 'batch\_req\_%'
  ) or exists (
    select
    from batch_line l
    join batch b on b.id = l.batch_id
    where l.job_id = job
      and b.status in ('validating', 'in_progress', 'finalizing')
  ) then
    return;
  end if;

  perform stop(job, 'cancel');
end $$;
