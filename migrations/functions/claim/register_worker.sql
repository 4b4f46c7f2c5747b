-- Enters a worker process in the list of workers, with what it can run.
-- A worker calls it at its start, and whenever docproc.beat returned false.
-- Called again, it counts as a heartbeat and takes over the models only.
-- The models are noted: they are known when no worker runs.
-- It locks the worker's own row until the transaction ends.
create or replace function docproc.register_worker(
  new_worker uuid,
  name text,
  host text,
  pid integer,
  models text[],
  takes_paths boolean
)
returns void
language sql
as $$
  insert into model (name)
  select unnest(register_worker.models)
  on conflict (name) do update
  set seen_at = clock_timestamp()
  where model.seen_at < clock_timestamp() - interval '1 minute';

  insert into worker (id, name, host, pid, models, takes_paths)
  values (
    new_worker,
    register_worker.name,
    register_worker.host,
    register_worker.pid,
    register_worker.models,
    register_worker.takes_paths)
  on conflict (id) do update
  set heartbeat_at = clock_timestamp(), models = excluded.models
$$;
