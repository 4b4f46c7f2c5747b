-- Returns the partitions of docproc.event by months, with the times between which they are.
-- Called by docproc.make_event_partitions and docproc.forget_old; it locks nothing.
create or replace function docproc.event_bounds()
returns table (partition regclass, lower timestamptz, upper timestamptz)
language sql
stable
set timezone = 'UTC'
as $$
  select b.partition, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
  from (
    select
      c.oid::regclass as partition,
      regexp_match(
        pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') as bounds
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'docproc.event'::regclass
  ) b
  where b.bounds is not null
$$;
