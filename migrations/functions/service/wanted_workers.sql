-- Returns how many workers the queue has work for: for autoscalers, which want one number.
-- Scalers call it; running jobs count, so that nobody is taken from under a reading.
-- A document of `tokens_each` tokens keeps a worker busy; shorter ones share one.
-- It is between `fewest` and `most`, and locks nothing.
create or replace function docproc.wanted_workers(
  model text default null,
  fewest integer default 0,
  most integer default 100,
  tokens_each bigint default 10000
)
returns integer
language sql
stable
as $$
  with waiting as (
    select d.bytes / 4 as tokens
    from ready r
    join job j on j.id = r.job_id
    join document d on d.id = j.document_id
    where (wanted_workers.model is null or r.model = wanted_workers.model)
      and r.available_at <= clock_timestamp()
    -- More than anybody may have need not be counted to the end.
    limit 1000 * greatest(most, 1)
  )
  select greatest(
    fewest,
    least(
      most,
      (
        select count(*)
        from claim c
        join job j on j.id = c.job_id
        where wanted_workers.model is null or j.model = wanted_workers.model
      ) + (
        -- Never more workers than jobs, however long these are.
        select least(
          count(*), ceil(coalesce(sum(w.tokens), 0)::numeric / greatest(tokens_each, 1)))
        from waiting w
      )))::integer
$$;
