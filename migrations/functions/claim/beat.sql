-- Notes that a worker is alive, which keeps its claims from being rescued.
-- A worker calls it every few seconds, several times within a lease.
-- It returns false when the worker's row is gone: it must register again.
-- It locks the worker's own row until the transaction ends.
create or replace function docproc.beat(beating_worker uuid)
returns boolean
language plpgsql
as $$
begin
  update worker
  set heartbeat_at = clock_timestamp()
  where id = beating_worker;

  return found;
end $$;
