-- All worker processes that are registered, alive or not.
-- A worker with several jobs has a row for each of them.
-- Hosts, processes and models are shown to administrators, workers and coordinators
-- only, jobs to their tenant.
create or replace view docproc.workers with (security_barrier = true) as
with reader as (
  select
    docproc.sees_all() as sees_all,
    docproc.sees_all()
      or pg_has_role(session_user, 'docproc_worker', 'member')
      or pg_has_role(session_user, 'docproc_coordinator', 'member') as is_ours
)
select
  case when r.is_ours then w.name end as name,
  case when r.is_ours then w.host end as host,
  case when r.is_ours then w.pid end as pid,
  case when r.is_ours then w.models end as models,
  (
    select c.job_id
    from docproc.job j
    where j.id = c.job_id
      and (r.sees_all or j.tenant = docproc.current_tenant())
  ) as job_id,
  w.started_at,
  w.heartbeat_at,
  w.heartbeat_at > clock_timestamp() - docproc.setting('lease')::interval as alive,
  case when r.is_ours then w.takes_paths end as takes_paths
from docproc.worker w
cross join reader r
left join docproc.claim c on c.worker_id = w.id;

comment on view docproc.workers is 'One row per worker process, with the job it has.';
