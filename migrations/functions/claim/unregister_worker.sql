-- Takes a worker process off the list of workers.
-- A worker calls it at its end, after it gave back its jobs.
-- It locks the worker's own row until the transaction ends.
create or replace function docproc.unregister_worker(leaving_worker uuid)
returns void
language sql
as $$
  delete from worker
  where id = leaving_worker
$$;
