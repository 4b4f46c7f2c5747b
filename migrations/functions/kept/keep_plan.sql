-- Returns what a worker has to know before it keeps the reading of a job: how long a reading has to
-- take, and how many bytes the tenant's kept readings may have.
-- An order that says `keep` wants it kept whatever it took.
-- Workers call it; no row means that the claim was lost. It locks nothing.
create or replace function docproc.keep_plan(job bigint, held_fence bigint)
returns table (least_seconds float8, most_bytes bigint)
language sql
stable
as $$
  select
    case
      when j.parameters ->> 'keep' = 'true' then 0
      else extract(epoch from setting('keep_readings_from')::interval)::float8
    end,
    coalesce(most_kept(j.tenant), 9223372036854775807)
  from claim c
  join job j on j.id = c.job_id
  where c.job_id = job
    and c.fence = held_fence
$$;
