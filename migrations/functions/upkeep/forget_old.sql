-- Deletes what is older than the settings keep_results and keep_events say.
-- Any worker calls it now and then; it returns how many jobs it deleted.
-- One caller at a time does the work; for the others it returns 0.
-- It deletes at most `most` jobs and documents, and skips rows that are locked.
-- Events go by whole months, at the end, since docproc.event is locked then. It waits for no
-- reader of them: what is in use stays until another time.
create or replace function docproc.forget_old(most integer default 1000)
returns integer
language plpgsql
set timezone = 'UTC'
set lock_timeout = '200 ms'
as $$
declare
  kept interval := setting('keep_results')::interval;
  kept_events interval := setting('keep_events')::interval;
  unused bigint[];
  month record;
  count integer := 0;
begin
  if not pg_try_advisory_xact_lock(731011564, 2) then
    return 0;
  end if;

  if kept is not null then
    with old as (
      select s.job_id
      from job_state s
      where s.finished_at < clock_timestamp() - kept
      order by s.finished_at
      limit most
      for update skip locked
    )
    delete from job j
    using old
    where j.id = old.job_id;

    get diagnostics count = row_count;

    -- Locked first: an order that comes meanwhile is seen by the next statement.
    select array_agg(d.id) into unused
    from (
      select e.id
      from document e
      where not exists (select from job j where j.document_id = e.id)
        and not exists (select from file f where f.document_id = e.id)
        and e.created_at < clock_timestamp() - kept
      limit most
      for update skip locked
    ) d;

    with gone as (
      delete from document d
      where d.id = any (unused)
        and not exists (select from job j where j.document_id = d.id)
        and not exists (select from file f where f.document_id = d.id)
      returning d.content_id
    )
    select array_agg(g.content_id) into unused
    from gone g;

    delete from content c
    where c.id = any (unused);
  end if;

  with old as (
    select s.id
    from kept_state s
    where s.used_at < clock_timestamp() - nullif(setting('keep_readings'), '')::interval
    limit most
    for update skip locked
  )
  delete from kept_state s
  using old
  where s.id = old.id;

  -- Also where a limit was lowered; readings without a state go with it.
  -- Whoever keeps a reading meanwhile makes room himself.
  perform make_room(r.tenant)
  from (select distinct k.tenant from kept_reading k) r
  where pg_try_advisory_xact_lock(731011564, hashtext(r.tenant));

  -- Uploads that nobody ordered anything about.
  delete from content c
  where c.id in (
    select e.id
    from content e
    where e.created_at < clock_timestamp() - interval '1 day'
      and not exists (select from document d where d.content_id = e.id)
    limit most
    for update skip locked
  );

  perform forget_old_service(most);

  update upkeep
  set done_at = clock_timestamp()
  where name = 'forget_old';

  delete from event_other e
  where e.at < clock_timestamp() - kept_events;

  perform make_event_partitions();

  for month in
    select b.partition
    from event_bounds() b
    where b.upper < clock_timestamp() - kept_events
  loop
    begin
      execute format('drop table %s', month.partition);
    exception when lock_not_available then null;
    end;
  end loop;

  return count;
end $$;
