-- Makes the partitions of docproc.event for this month and the next.
-- Called by docproc.forget_old; events of other months go to event_other.
-- A month that has events in event_other already gets no partition.
-- It locks event_other while it attaches a new partition.
create or replace function docproc.make_event_partitions()
returns void
language plpgsql
as $$
declare
  month timestamptz := date_trunc('month', clock_timestamp());
  name text;
begin
  for round in 1..2 loop
    name := 'event_' || to_char(month at time zone 'UTC', 'YYYY_MM');

    if to_regclass('docproc.' || name) is null
      and not exists (
        select
        from event_other
        where at >= month
          and at < month + interval '1 month')
    then
      execute format(
        'create table docproc.%I partition of docproc.event for values from (%L) to (%L)',
        name, month, month + interval '1 month');
    end if;

    month := month + interval '1 month';
  end loop;
end $$;
