-- Notes that a request waits for a job: new, or ordered before by somebody else.
-- Coordinators call it in the transaction that orders; it locks the job's row.
-- A job that is ordered directly is not stopped when requests do not wait for it any more.
-- What was asked before and came to nothing is tried again, and a wish to cancel is taken back.
create or replace function docproc.join_job(
  job bigint,
  is_new boolean,
  is_direct boolean default false
)
returns void
language plpgsql
as $$
begin
  perform require_job(job);

  perform
  from job j
  where j.id = join_job.job
  for update;

  if is_new or is_direct then
    update job j
    set is_direct = join_job.is_direct
    where j.id = join_job.job;
  end if;

  if is_new then
    return;
  end if;

  update claim c
  set wish = null
  where c.job_id = join_job.job
    and c.wish = 'cancel';

  perform retry(join_job.job);
end $$;
