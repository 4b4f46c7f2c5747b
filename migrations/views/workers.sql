-- All worker processes that are registered, alive or not.
-- A worker with several jobs has a row for each of them.
create or replace view docproc.workers with (security_invoker = true) as
select
  w.name,
  w.host,
  w.pid,
  w.models,
  c.job_id,
  w.started_at,
  w.heartbeat_at,
  w.heartbeat_at > clock_timestamp() - docproc.setting('lease')::interval as alive
from docproc.worker w
left join docproc.claim c on c.worker_id = w.id;

comment on view docproc.workers is 'One row per worker process, with the job it has.';
