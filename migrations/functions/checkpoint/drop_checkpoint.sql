-- Deletes a job's checkpoint together with all of its pages.
-- Other functions call it when the job is finished and nobody holds it.
create or replace function docproc.drop_checkpoint(job bigint)
returns void
language sql
as $$
  delete from checkpoint where job_id = job;
  delete from checkpoint_page where job_id = job;
$$;
