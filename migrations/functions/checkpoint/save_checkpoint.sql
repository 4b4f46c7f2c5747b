-- Saves a reading's state, from which any worker can go on later.
-- Workers call it; it returns false when the claim was lost.
-- `reading_key` names document, model, task and format: another key starts anew.
-- A page holds what grew since the last checkpoint; it may be absent.
-- It locks the claim against its end, but not against reports of progress.
create or replace function docproc.save_checkpoint(
  job bigint,
  held_fence bigint,
  reading_key text,
  at_tokens bigint,
  so_far float8,
  kernels text,
  new_state bytea,
  state_bytes bigint,
  state_sha256 text,
  page_first bigint default null,
  page_end bigint default null,
  page bytea default null,
  page_bytes bigint default null,
  page_sha256 text default null
)
returns boolean
language plpgsql
as $$
begin
  insert into checkpoint as k (
    job_id, fence, key, tokens, seconds, number, isa, state, raw_bytes, sha256)
  select
    c.job_id,
    c.fence,
    reading_key,
    at_tokens,
    so_far,
    1,
    kernels,
    new_state,
    state_bytes,
    state_sha256
  from claim c
  where c.job_id = job
    and c.fence = held_fence
  for key share
  on conflict (job_id) do update
  set
    fence = excluded.fence,
    key = excluded.key,
    tokens = excluded.tokens,
    seconds = excluded.seconds,
    number = case when k.key = excluded.key then k.number + 1 else 1 end,
    isa = excluded.isa,
    state = excluded.state,
    raw_bytes = excluded.raw_bytes,
    sha256 = excluded.sha256,
    saved_at = clock_timestamp();

  if not found then
    return false;
  end if;

  if page_first is not null then
    -- These are of another key, or of a worker that died before its checkpoint.
    delete from checkpoint_page p
    where p.job_id = job
      and p.first_token >= page_first;

    insert into checkpoint_page (job_id, first_token, end_token, data, raw_bytes, sha256)
    values (job, page_first, page_end, page, page_bytes, page_sha256);
  end if;

  perform record_event(job, 'checkpoint', held_fence, null, at_tokens::text);
  return true;
end $$;
