-- Returns the kept states that a job's reading may go on from, those after most tokens first.
-- Workers call it, and compare the digests with those of their own ids.
-- Only the job's tenant's are returned. It locks nothing: a state may be gone when it is loaded.
create or replace function docproc.find_kept(
  job bigint,
  held_fence bigint,
  wanted_kind text,
  most_tokens bigint
)
returns table (state_id bigint, tokens bigint, ids_sha256 text)
language sql
stable
as $$
  select s.id, s.tokens, s.ids_sha256
  from claim c
  join job j on j.id = c.job_id
  join kept_reading r on r.tenant = j.tenant and r.kind = wanted_kind
  join kept_state s on s.reading_id = r.id
  where c.job_id = job
    and c.fence = held_fence
    and s.tokens <= most_tokens
  order by s.tokens desc
  limit 5000
$$;
