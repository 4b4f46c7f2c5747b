-- Adds an entry to a job's history, which the view docproc.events shows.
-- Other functions call it; it locks no row that anybody else needs.
create or replace function docproc.record_event(
  event_job bigint,
  kind text,
  fence bigint default null,
  event_worker uuid default null,
  detail text default null
)
returns void
language sql
as $$
  insert into event (job_id, kind, fence, worker_id, detail)
  values (event_job, kind, fence, event_worker, detail)
$$;
