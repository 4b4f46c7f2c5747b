-- Notes where a worker's process runs: processes of one place can tell whether others of it live.
-- Workers call it after they have registered; it locks the worker's own row.
create or replace function docproc.place_worker(placed uuid, at text)
returns void
language sql
as $$
  update worker
  set place = at
  where id = placed
    and place is distinct from at
$$;
