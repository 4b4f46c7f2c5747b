-- Removes a job for good: its order, result, checkpoints and events.
-- Its document goes too, unless another job or a file needs it.
-- Submitters call it; it returns whether the document's text is gone.
-- It raises no_data_found unless the caller may know of the job.
-- It raises object_in_use while a worker has the job: cancel it first.
create or replace function docproc.remove(job bigint)
returns boolean
language plpgsql
as $$
declare
  of_document bigint;
begin
  perform require_job(job);

  -- As claiming does: whoever has this row decides what becomes of the job.
  perform
  from job_state s
  where s.job_id = remove.job
  for update;

  if exists (select from claim c where c.job_id = remove.job) then
    raise exception 'job % is running', job
      using
        errcode = 'object_in_use',
        hint = 'Cancel it first.';
  end if;

  delete from event e
  where e.job_id = remove.job;

  delete from job j
  where j.id = remove.job
  returning j.document_id into of_document;

  return drop_unused_document(of_document);
end $$;
