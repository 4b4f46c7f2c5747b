-- Cancels a job that nobody waits for any more.
-- Other functions call it, after they have noted that their own wait is over.
create or replace function docproc.cancel_unwanted(job bigint)
returns void
language plpgsql
as $$
begin
  if exists (
    select
    from response r
    where r.job_id = job
      and r.cancelled_at is null
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
