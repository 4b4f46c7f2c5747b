-- Returns what a monitoring system wants to know of the queue, of all tenants together.
-- Coordinators call it; names and labels are Prometheus's, and no label tells what a job is about.
-- It locks nothing.
create or replace function docproc.service_metrics()
returns table (name text, labels jsonb, value float8)
language sql
stable
as $$
  with states as (
    select
      s.state,
      j.task,
      j.model,
      count(*) as jobs,
      sum(s.crashes) as crashes,
      sum(s.releases) as releases
    from job_state s
    join job j on j.id = s.job_id
    group by s.state, j.task, j.model
  )
  select 'docproc_jobs', jsonb_build_object('state', s.state, 'task', s.task, 'model', s.model), s.jobs
  from states s
  union all
  select 'docproc_job_crashes', '{}', coalesce(sum(s.crashes), 0)
  from states s
  union all
  select 'docproc_job_releases', '{}', coalesce(sum(s.releases), 0)
  from states s
  union all
  select 'docproc_jobs_crashing', '{}', count(*)
  from job_state s
  where s.state in ('available', 'running', 'paused')
    and s.crashes >= 2
  union all
  select
    'docproc_jobs_oldest_ready_age_seconds',
    jsonb_build_object('model', r.model),
    extract(epoch from clock_timestamp() - min(r.available_at))
  from ready r
  where r.available_at <= clock_timestamp()
  group by r.model
  union all
  select 'docproc_claims', '{}', count(*)
  from claim c
  union all
  select
    'docproc_claims_oldest_age_seconds', '{}',
    coalesce(extract(epoch from clock_timestamp() - min(c.claimed_at)), 0)
  from claim c
  union all
  select
    'docproc_workers',
    jsonb_build_object('alive', w.alive),
    count(*)
  from (
    select k.heartbeat_at > clock_timestamp() - setting('lease')::interval as alive
    from worker k
  ) w
  group by w.alive
  union all
  select
    'docproc_heartbeat_oldest_age_seconds', '{}',
    coalesce(extract(epoch from clock_timestamp() - min(w.heartbeat_at)), 0)
  from worker w
  where w.heartbeat_at > clock_timestamp() - setting('lease')::interval
  union all
  select 'docproc_lease_seconds', '{}', extract(epoch from setting('lease')::interval)
  union all
  select
    'docproc_checkpoint_ceiling_seconds', '{}',
    extract(epoch from setting('checkpoint_ceiling')::interval)
  union all
  select 'docproc_checkpoints', '{}', count(*)
  from checkpoint p
  union all
  select
    'docproc_checkpoint_bytes', '{}',
    coalesce(sum(octet_length(p.state)), 0)
      + (select coalesce(sum(octet_length(g.data)), 0) from checkpoint_page g)
  from checkpoint p
  union all
  select
    'docproc_checkpoint_oldest_age_seconds', '{}',
    coalesce(extract(epoch from clock_timestamp() - min(greatest(p.saved_at, c.claimed_at))), 0)
  from claim c
  join checkpoint p on p.job_id = c.job_id
  union all
  select 'docproc_kept_readings', '{}', count(*)
  from kept_reading k
  union all
  select
    'docproc_kept_readings_bytes', '{}',
    (select coalesce(sum(s.bytes), 0) from kept_state s)
      + (select coalesce(sum(g.bytes), 0) from kept_page g)
  union all
  select 'docproc_stored_bytes', '{}', coalesce(sum(b.bytes), 0)
  from blob b
  union all
  select
    'docproc_upkeep_age_seconds',
    jsonb_build_object('kind', u.name),
    extract(epoch from clock_timestamp() - u.done_at)
  from upkeep u
  where u.done_at > '-infinity'
  union all
  select 'docproc_events_misplaced', '{}', count(*)
  from event_other e
  union all
  select 'docproc_notification_queue_usage', '{}', pg_notification_queue_usage()
  union all
  select
    'docproc_snapshot_oldest_age_seconds', '{}',
    coalesce(extract(epoch from clock_timestamp() - min(a.xact_start)), 0)
  from pg_catalog.pg_stat_activity a
  where a.datname = current_database()
    and a.backend_type = 'client backend'
  union all
  select 'docproc_batches', jsonb_build_object('status', b.status), count(*)
  from batch b
  group by b.status
  union all
  select 'docproc_webhook_deliveries_waiting', '{}', count(*)
  from webhook_delivery d
  where d.next_at is not null
  union all
  select 'docproc_webhook_deliveries_given_up', '{}', count(*)
  from webhook_delivery d
  where d.next_at is null
    and d.delivered_at is null
$$;
