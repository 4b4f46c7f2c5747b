-- Keeps the state of a job's reading, from which readings of the same ids may go on.
-- Workers call it; it returns false when the claim was lost, the state is larger than the limit, or
-- the pages before its own are gone or another's: then it has to come with all of them.
-- Others of the tenant go, the least valuable first, until the limit holds.
-- It locks the claim against its end, and the tenant's kept readings.
create or replace function docproc.keep_state(
  job bigint,
  held_fence bigint,
  reading_kind text,
  reading_focus text,
  read_model_sha256 text,
  at_tokens bigint,
  at_position bigint,
  read_ids_sha256 text,
  at_end boolean,
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
declare
  held record;
  kept record;
begin
  select j.tenant, j.document_id, j.model into held
  from claim c
  join job j on j.id = c.job_id
  where c.job_id = job
    and c.fence = held_fence
  for key share of c;

  if not found
    or octet_length(new_state) + coalesce(octet_length(page), 0) > most_kept(held.tenant)
  then
    return false;
  end if;

  -- One at a time keeps for a tenant.
  perform pg_advisory_xact_lock(731011564, hashtext(held.tenant));

  insert into kept_reading as r (
    tenant, document_id, model, model_sha256, kind, focus, fence)
  values (
    held.tenant, held.document_id, held.model, read_model_sha256, reading_kind, reading_focus,
    held_fence)
  on conflict (document_id, kind) do update
  set
    model = excluded.model,
    fence = case when page_first = 0 then excluded.fence else r.fence end
  returning r.id, r.fence into kept;

  -- Pages of two makings are never joined: other kernels make other numbers.
  if page_first > 0 and (
    kept.fence <> held_fence
    or not exists (
      select
      from kept_page p
      where p.reading_id = kept.id
        and p.end_token = page_first
    )
  ) then
    return false;
  end if;

  -- A reading that began anew: nothing of an earlier one goes with its pages. It waits for those
  -- that load one.
  if page_first = 0 then
    delete from kept_state s
    where s.reading_id = kept.id;

    delete from kept_page p
    where p.reading_id = kept.id;
  end if;

  insert into kept_state as s (
    reading_id, tokens, position, ids_sha256, is_end, seconds, isa, state, raw_bytes, sha256, bytes)
  values (
    kept.id, at_tokens, at_position, read_ids_sha256, at_end, so_far, kernels, new_state,
    state_bytes, state_sha256, octet_length(new_state))
  on conflict (reading_id, tokens) do update
  set
    ids_sha256 = excluded.ids_sha256,
    is_end = excluded.is_end,
    seconds = excluded.seconds,
    isa = excluded.isa,
    state = excluded.state,
    raw_bytes = excluded.raw_bytes,
    sha256 = excluded.sha256,
    bytes = excluded.bytes,
    used_at = clock_timestamp();

  if page_first is not null then
    insert into kept_page (reading_id, first_token, end_token, data, raw_bytes, sha256)
    values (kept.id, page_first, page_end, page, page_bytes, page_sha256);
  end if;

  perform make_room(held.tenant, kept.id);
  return true;
end $$;
