-- Makes the partitions of docproc.event for this month and the next, in UTC.
-- Called by docproc.forget_old; events of other months go to event_other.
-- A month begins where the partition before it ends, should that be later.
-- What event_other has of a new month moves into its partition.
-- It waits for no reader: a month whose locks cannot be had now is made another time.
create or replace function docproc.make_event_partitions()
returns void
language plpgsql
set timezone = 'UTC'
set lock_timeout = '200 ms'
as $$
declare
  month timestamptz;
  low timestamptz;
  high timestamptz;
  name text;
begin
  for round in 0..1 loop
    month := date_trunc('month', clock_timestamp()) + round * interval '1 month';
    high := month + interval '1 month';
    name := 'event_' || to_char(month, 'YYYY_MM');

    select greatest(month, max(b.upper)) into low
    from event_bounds() b
    where b.lower < high
      and b.upper > month;

    continue when low >= high or to_regclass('docproc.' || name) is not null;

    begin
      lock table event_other in access exclusive mode;
      execute format(
        'create table docproc.%I (like docproc.event including defaults including constraints)',
        name);
      execute format(
        'with moved as (delete from docproc.event_other where at >= %L and at < %L returning *) '
        'insert into docproc.%I select * from moved',
        low, high, name);
      execute format(
        'alter table docproc.event attach partition docproc.%I for values from (%L) to (%L)',
        name, low, high);
    exception when lock_not_available then
      return;
    end;
  end loop;
end $$;
