-- Returns the other workers of a worker's place, with their process ids.
-- Workers call it to see whose process has ended; it locks nothing.
create or replace function docproc.neighbours(of_worker uuid)
returns table (id uuid, name text, pid integer)
language sql
stable
as $$
  select w.id, w.name, w.pid
  from worker w
  join worker own on own.place = w.place
  where own.id = of_worker
    and w.id <> own.id
$$;
