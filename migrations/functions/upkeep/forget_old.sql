-- Deletes what is older than the settings keep_results and keep_events say.
-- Any worker calls it now and then; it returns how many jobs it deleted.
-- One caller at a time does the work; for the others it returns 0.
-- It deletes at most `most` jobs and documents, and skips jobs that are locked.
-- Events go by whole months, and docproc.event is locked meanwhile.
create or replace function docproc.forget_old(most integer default 1000)
returns integer
language plpgsql
as $$
declare
  kept interval := setting('keep_results')::interval;
  kept_events interval := setting('keep_events')::interval;
  partition regclass;
  count integer := 0;
begin
  if not pg_try_advisory_xact_lock(731011564, 2) then
    return 0;
  end if;

  perform make_event_partitions();

  for partition in
    select i.inhrelid
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'docproc.event'::regclass
      and c.relname ~ '^event_\d{4}_\d{2}$'
      and to_timestamp(substr(c.relname, 7), 'YYYY_MM') + interval '32 days'
        < clock_timestamp() - kept_events
  loop
    execute format('drop table %s', partition);
  end loop;

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

    delete from document d
    where d.id in (
      select e.id
      from document e
      where not exists (select from job j where j.document_id = e.id)
        and e.created_at < clock_timestamp() - kept
      limit most
    );
  end if;

  update upkeep
  set done_at = clock_timestamp()
  where name = 'forget_old';

  return count;
end $$;
