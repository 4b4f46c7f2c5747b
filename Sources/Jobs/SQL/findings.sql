-- What is not as it should be: what was looked at, how bad it is, what was found, what to do.
with waiting as (
  select r.model, count(*) as jobs, min(r.available_at) as since from docproc.ready r where r.available_at <= clock_timestamp() group by r.model)
select 'snapshots' as check, 'warning' as level,
  format('process %s (%s, %s) has held a snapshot for %s', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no name'),
    date_trunc('second', clock_timestamp() - a.xact_start)) as found,
  format('Dead rows cannot be removed meanwhile. End it: select pg_terminate_backend(%s)', a.pid) as remedy
from pg_catalog.pg_stat_activity a
where a.datname = current_database() and a.xact_start < clock_timestamp() - interval '5 minutes' and (a.backend_xmin is not null or a.backend_xid is not null)
union all
select 'snapshots', 'warning', format('the prepared transaction %L is %s old', x.gid, date_trunc('second', clock_timestamp() - x.prepared)),
  format('Finish it: rollback prepared %L', x.gid)
from pg_catalog.pg_prepared_xacts x where x.database = current_database() and x.prepared < clock_timestamp() - interval '5 minutes'
union all
select 'snapshots', 'warning', format('the replication slot %s is not in use', s.slot_name),
  format('It keeps write-ahead log and perhaps dead rows: select pg_drop_replication_slot(%L)', s.slot_name)
from pg_catalog.pg_replication_slots s where not s.active
union all
select 'indexes', 'problem', format('the index docproc.%I is not valid', c.relname), format('reindex index concurrently docproc.%I', c.relname)
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
where c.relnamespace = 'docproc'::regnamespace and not (i.indisvalid and i.indisready)
union all
select 'indexes', 'warning', format('the index docproc.%I (%s) was never used since the statistics began', u.indexrelname, pg_size_pretty(pg_relation_size(u.indexrelid))),
  'If it is none of docproc''s, drop it.'
from pg_catalog.pg_stat_user_indexes u join pg_catalog.pg_index i on i.indexrelid = u.indexrelid
where u.schemaname = 'docproc' and u.idx_scan = 0 and not i.indisunique and pg_relation_size(u.indexrelid) > 50000000
union all
select 'dead rows', 'warning', format('%s has %s dead rows beside %s live ones', t.relname, t.n_dead_tup, t.n_live_tup),
  'Autovacuum does not keep up: look for old snapshots above, and at autovacuum_naptime.'
from pg_catalog.pg_stat_user_tables t
where t.schemaname = 'docproc' and t.relname in ('ready', 'claim', 'worker', 'checkpoint') and t.n_dead_tup > 10000 and t.n_dead_tup > 5 * t.n_live_tup
union all
select 'workers', 'warning', format('worker %s on %s was not heard of for %s', coalesce(w.name, '?'), coalesce(w.host, '?'), date_trunc('second', clock_timestamp() - w.heartbeat_at)),
  'Its jobs are given back by any worker that runs; look at its host.'
from docproc.workers w where not w.alive
union all
select 'jobs', 'problem', format('job %s is running, but nobody has claimed it', s.job_id), format('select docproc.repair(%s)', s.job_id)
from docproc.job_state s where s.state = 'running' and not exists (select from docproc.claim c where c.job_id = s.job_id)
union all
select 'jobs', 'problem', format('job %s is available, but not on the queue', s.job_id), format('select docproc.repair(%s)', s.job_id)
from docproc.job_state s where s.state = 'available' and not exists (select from docproc.ready r where r.job_id = s.job_id)
union all
select 'jobs', 'warning', format('job %s has done nothing for %s', c.job_id, date_trunc('second', clock_timestamp() - c.worked_at)),
  'After the setting stall it is given back; look at the worker''s host.'
from docproc.claim c where c.worked_at < clock_timestamp() - interval '5 minutes'
union all
select 'jobs', 'warning', format('%s jobs for the model %s wait since %s', w.jobs, w.model, to_char(w.since, 'YYYY-MM-DD HH24:MI')),
  'No live worker has that model: install it on a host, or cancel them.'
from waiting w
where w.since < clock_timestamp() - interval '1 minute' and not exists (
  -- Who may not see models cannot tell.
  select from docproc.workers v
  where v.alive and (v.models is null or w.model = any (v.models) or v.takes_paths and w.model like '%/%'))
union all
select 'durability', 'problem', format('%s is off', p.name), 'A crash of the server may lose finished work; switch it on.'
from pg_catalog.pg_settings p where p.name in ('fsync', 'full_page_writes', 'synchronous_commit') and p.setting = 'off'
union all
select 'owners', 'problem', format('parts of the schema belong to %s', string_agg(distinct pg_get_userbyid(o.owner), ', ')),
  'Functions then lack rights on tables: give all of it to one role with reassign owned by OTHER to OWNER.'
from (
  select c.relowner as owner from pg_catalog.pg_class c where c.relnamespace = 'docproc'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
  union all
  select p.proowner from pg_catalog.pg_proc p where p.pronamespace = 'docproc'::regnamespace and p.proname <> 'zstd_decode') o
having count(distinct o.owner) > 1
