-- Notes the trace that a job belongs to, in the form of W3C's Trace Context.
-- Coordinators call it in the transaction that orders the job.
create or replace function docproc.trace_job(job bigint, parent text)
returns void
language plpgsql
as $$
begin
  perform require_job(job);

  update job j
  set traceparent = parent
  where j.id = trace_job.job
    and parent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$';
end $$;
