-- Returns a job's checkpoint to the worker that holds the claim.
-- Workers call it before they read; no row means: begin at the start.
-- A checkpoint of another key is of no use, and is not returned.
-- It locks nothing: the fence is looked at again when the worker writes.
create or replace function docproc.load_checkpoint(
  job bigint,
  held_fence bigint,
  reading_key text
)
returns table (
  tokens bigint,
  seconds float8,
  number integer,
  isa text,
  state bytea,
  raw_bytes bigint,
  sha256 text
)
language sql
as $$
  select k.tokens, k.seconds, k.number, k.isa, k.state, k.raw_bytes, k.sha256
  from checkpoint k
  join claim c on c.job_id = k.job_id
  where k.job_id = job
    and c.fence = held_fence
    and k.key = reading_key
$$;
