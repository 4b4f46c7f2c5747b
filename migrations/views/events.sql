-- The history of all jobs, which docproc.record_event writes for the most part.
-- Row security shows the reader the events of its own tenant only.
create or replace view docproc.events with (security_invoker = true) as
select
  e.id,
  e.at,
  e.job_id,
  e.kind,
  e.fence,
  e.worker_id,
  e.detail
from docproc.event e;

comment on view docproc.events is 'What happened to jobs, in order.';
