-- Gives back jobs that are stuck, and lets readings make way for others.
-- Every worker calls it every few seconds; it returns docproc.rescue's count.
-- One caller at a time does the work; for the others it returns 0.
-- It also returns 0 when the last sweep was only a moment ago.
-- Its lock ends with the transaction, so a pooler may stand in between.
create or replace function docproc.sweep()
returns integer
language plpgsql
as $$
declare
  -- Somewhat less than the time between two calls of the same worker.
  spacing interval := 0.8 * least(interval '5 s', setting('lease')::interval / 10);
  count integer;
begin
  if not pg_try_advisory_xact_lock(731011564, 1) then
    return 0;
  end if;

  -- Read under the lock, this is the time of the last committed sweep.
  -- A time in the future means only that the clock was set back.
  if exists (
    select
    from upkeep u
    where u.name = 'sweep'
      and u.done_at between clock_timestamp() - spacing and clock_timestamp()
  ) then
    return 0;
  end if;

  -- Nobody swept for long: the database was out of reach, for others perhaps still.
  update upkeep
  set since = clock_timestamp()
  where name = 'sweep'
    and done_at < clock_timestamp() - setting('lease')::interval / 2;

  count := rescue();
  perform preempt();

  -- After a full batch there may be more to give back: the next caller goes on at once.
  update upkeep
  set done_at = clock_timestamp() - case when count < 10 then interval '0' else spacing end
  where name = 'sweep';

  return count;
end $$;
