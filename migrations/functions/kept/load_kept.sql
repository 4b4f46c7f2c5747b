-- Returns what belongs to a kept state; without `with_state` all but the state itself, for workers
-- that have it on their disk.
-- Workers call it in a transaction with docproc.load_kept_pages: until its end nobody deletes or
-- replaces the state. No row means that the state is gone, or the claim was lost.
create or replace function docproc.load_kept(
  job bigint,
  held_fence bigint,
  wanted bigint,
  with_state boolean default true
)
returns table (
  tokens bigint,
  seconds float8,
  isa text,
  state bytea,
  raw_bytes bigint,
  sha256 text
)
language sql
as $$
  select
    s.tokens, s.seconds, s.isa, case when with_state then s.state end, s.raw_bytes, s.sha256
  from claim c
  join job j on j.id = c.job_id
  join kept_reading r on r.tenant = j.tenant
  join kept_state s on s.reading_id = r.id
  where c.job_id = job
    and c.fence = held_fence
    and s.id = wanted
  for share of s
$$;
