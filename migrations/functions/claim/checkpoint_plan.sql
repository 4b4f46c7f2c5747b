-- Returns how long a worker reads before it ends without a word, in seconds, as seen in the last
-- week, and between which bounds checkpoints may lie apart.
-- Workers call it now and then. A day without a death stands in where nothing was seen.
create or replace function docproc.checkpoint_plan()
returns table (life float8, floor float8, ceiling float8)
language sql
stable
as $$
  select
    (
      86400 + coalesce((
        select sum(k.seconds)
        from job_state s
        join reading k on k.job_id = s.job_id
        where s.finished_at > clock_timestamp() - interval '7 days'), 0)
    ) / (
      1 + (
        select count(*)
        from event e
        where e.at > clock_timestamp() - interval '7 days'
          and e.kind in ('rescued', 'set aside'))
    ),
    extract(epoch from setting('checkpoint_floor')::interval)::float8,
    extract(epoch from setting('checkpoint_ceiling')::interval)::float8
$$;
