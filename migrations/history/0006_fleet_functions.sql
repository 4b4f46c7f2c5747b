-- The queue's rules for a fleet. As before, every write by a worker matches (job, fence) in the
-- statement that has the effect.

-- A job that comes back without a delay keeps its place in the queue: who was interrupted goes on before
-- others begin.
create or replace function docproc.make_ready(job bigint, delay interval, message text default null)
returns void language plpgsql set search_path = docproc, pg_temp as $$
begin
  update job_state set state = 'available', error = message, finished_at = null where job_id = job;
  insert into ready (job_id, model, priority, available_at)
  select j.id, j.model, j.priority, case when delay = interval '0' then j.created_at else clock_timestamp() + delay end
  from job j where j.id = job;
  perform pg_notify('docproc_ready', '');
end $$;

drop function docproc.submit(text, text, jsonb, text, text, text, integer, jsonb, boolean);
drop function docproc.register_worker(uuid, text, text, integer);
drop function docproc.claim(uuid, text[], boolean);
drop function docproc.report(bigint, bigint, bigint, bigint);
drop function docproc.is_cancelling(bigint, bigint);
drop function docproc.rescue(interval, integer);
drop function docproc.complete(bigint, bigint, text, text, text, text, boolean, jsonb, jsonb, bigint, bytea, bigint, text);

-- Who may see and change the jobs of all tenants.
create function docproc.sees_all()
returns boolean language sql stable set search_path = docproc, pg_temp as $$
  select coalesce(bool_or(r.rolsuper or pg_has_role(session_user, r.oid, 'member') and r.rolname = 'docproc_admin'), false)
  from pg_catalog.pg_roles r where r.rolname in (session_user, 'docproc_admin')
$$;

-- Raises unless the caller may know of the job.
create function docproc.require_job(wanted bigint)
returns void language plpgsql stable set search_path = docproc, pg_temp as $$
begin
  if not exists (select from job j where j.id = wanted and (j.tenant = current_tenant() or sees_all())) then
    raise exception 'there is no job %', wanted using errcode = 'no_data_found';
  end if;
end $$;

-- Submits a document with a task. The same order again is the same job: the same `key`, or
-- without one the same document, task, question, model and parameters. `again` makes a new job in any
-- case. In the caller's transaction: nothing is ordered if that is rolled back.
create function docproc.submit(
  document_name text, document_text text, parts jsonb default null, task text default 'summarize', question text default null,
  model text default 'smollm2-135m', priority integer default 0, parameters jsonb default '{}', again boolean default false,
  key text default null, deadline interval default null
) returns table (job_id bigint, created boolean)
language plpgsql set search_path = docproc, pg_temp as $$
declare
  digest text := encode(sha256(convert_to(document_text, 'UTF8')), 'hex');
  owner text := current_tenant();
  most bigint := setting('most_document_bytes')::bigint;
  identity text;
  document bigint;
  job bigint;
begin
  if btrim(document_text, E' \t\r\n\f\v') = '' then
    raise exception 'the document % holds no text', document_name using errcode = 'check_violation';
  end if;
  if octet_length(document_text) > most then
    raise exception 'the document % has % bytes, more than the limit of %', document_name, octet_length(document_text), most
      using errcode = 'program_limit_exceeded',
      hint = 'Split it, or raise most_document_bytes in docproc.setting (Postgres itself holds at most 1 GB).';
  end if;
  insert into document as d (tenant, name, sha256, text, bytes, parts)
  values (owner, document_name, digest, document_text, octet_length(document_text),
    coalesce(submit.parts, jsonb_build_array(jsonb_build_object('path', document_name, 'start', 0, 'length', char_length(document_text)))))
  on conflict (tenant, sha256, name) do nothing
  returning d.id into document;
  if document is null then
    select d.id into document from document d where d.tenant = owner and d.sha256 = digest and d.name = document_name;
  end if;
  identity := case when again then null when key is not null then 'key:' || key else encode(sha256(convert_to(
    jsonb_build_array(document, submit.task, submit.question, submit.model, submit.parameters)::text, 'UTF8')), 'hex') end;
  insert into job as j (tenant, document_id, task, question, model, priority, parameters, idempotency_key, deadline)
  values (owner, document, submit.task, submit.question, submit.model, submit.priority, submit.parameters, identity, submit.deadline)
  on conflict (tenant, idempotency_key) do nothing
  returning j.id into job;
  if job is null then
    return query select j.id, false from job j where j.tenant = owner and j.idempotency_key = identity;
    return;
  end if;
  insert into job_state (job_id, state) values (job, 'available');
  insert into ready (job_id, model, priority) values (job, submit.model, submit.priority);
  perform record_event(job, 'submitted');
  perform pg_notify('docproc_ready', '');
  return query select job, true;
end $$;

-- Many orders at once, all or none: an array of objects with submit's arguments by name.
create function docproc.submit_many(orders jsonb)
returns table (ordinal bigint, job_id bigint, created boolean)
language plpgsql set search_path = docproc, pg_temp as $$
#variable_conflict use_column
declare
  given record;
  unknown text;
begin
  select k into unknown from jsonb_array_elements(orders) o, jsonb_object_keys(o) k
  where k not in ('document_name', 'document_text', 'parts', 'task', 'question', 'model', 'priority', 'parameters', 'again', 'key', 'deadline')
  limit 1;
  if found then
    raise exception 'an order has no "%"', unknown using errcode = 'invalid_parameter_value',
      hint = 'An order is an object with the arguments of docproc.submit by name.';
  end if;
  for given in select e.ordinality as place, e.value as o from jsonb_array_elements(orders) with ordinality e loop
    return query select given.place, s.job_id, s.created from submit(
      given.o ->> 'document_name', given.o ->> 'document_text', given.o -> 'parts', coalesce(given.o ->> 'task', 'summarize'),
      given.o ->> 'question', coalesce(given.o ->> 'model', 'smollm2-135m'), coalesce((given.o ->> 'priority')::integer, 0),
      coalesce(given.o -> 'parameters', '{}'), coalesce((given.o ->> 'again')::boolean, false), given.o ->> 'key',
      (given.o ->> 'deadline')::interval) s;
  end loop;
end $$;

create function docproc.register_worker(new_worker uuid, name text, host text, pid integer, models text[], takes_paths boolean)
returns void language sql set search_path = docproc, pg_temp as $$
  insert into worker (id, name, host, pid, models, takes_paths)
  values (new_worker, register_worker.name, register_worker.host, register_worker.pid, register_worker.models, register_worker.takes_paths)
  on conflict (id) do update set heartbeat_at = clock_timestamp(), models = excluded.models
$$;

-- Gives the worker the next jobs whose model it can run, each with a new fence; no row when
-- there is none. A model given by path can be run by whoever has that path, if it takes
-- those. Claims that it still holds are ones whose answer got lost on the way, and are given back.
create function docproc.claim(claiming_worker uuid, models text[], takes_paths boolean default true, most integer default 1)
returns table (
  job_id bigint, fence bigint, task text, question text, model text, parameters jsonb,
  document_name text, document_text text, document_parts jsonb, document_sha256 text, document_bytes bigint
) language plpgsql set search_path = docproc, pg_temp
-- By indexes, whatever statistics say while tables fill or empty: one plan for all sizes.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
begin
  perform release(c.job_id, c.fence) from claim c where c.worker_id = claiming_worker;
  return query
    -- Materialized: planned otherwise, the limit might be applied more than once.
    with chosen as materialized (
      select n.job_id, n.priority, n.available_at from ready n
      where n.available_at <= clock_timestamp() and (n.model = any (models) or takes_paths and n.model like '%/%')
      order by n.priority desc, n.available_at, n.job_id
      for update skip locked limit most),
    taken as (delete from ready r using chosen c where r.job_id = c.job_id returning r.job_id),
    given as (
      insert into claim as k (job_id, fence, worker_id) select t.job_id, nextval('docproc.fence'), claiming_worker from taken t
      returning k.job_id, k.fence),
    begun as (
      update job_state s set state = 'running', attempts = s.attempts + 1, started_at = clock_timestamp(), error = null
      from given g where s.job_id = g.job_id),
    noted as (insert into event (job_id, kind, fence, worker_id) select g.job_id, 'claimed', g.fence, claiming_worker from given g)
    select j.id, g.fence, j.task, j.question, j.model, j.parameters, d.name, d.text, d.parts, d.sha256, d.bytes
    from given g join chosen c on c.job_id = g.job_id join job j on j.id = g.job_id join document d on d.id = j.document_id
    order by c.priority desc, c.available_at, c.job_id;
end $$;

-- Reports progress on a job: 'going', a wish ('cancel', 'pause', 'preempt'), or 'lost'.
-- `resumed`: the token that this claim's reading began at.
create function docproc.report(job bigint, held_fence bigint, done bigint, total bigint, steps bigint, resumed bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  wished text;
begin
  update claim c set
    tokens_done = done, tokens_total = total, resumed_from = resumed,
    reading_since = case when total > 0 then coalesce(c.reading_since, clock_timestamp()) end,
    worked_at = case when steps > c.work then clock_timestamp() else c.worked_at end, work = steps
  where c.job_id = job and c.fence = held_fence
  returning c.wish into wished;
  return case when not found then 'lost' else coalesce(wished, 'going') end;
end $$;

-- Saves a checkpoint under the fence; false when the claim was lost. The claim's row is
-- locked against being ended, not against reports of progress.
create function docproc.save_checkpoint(
  job bigint, held_fence bigint, reading_key text, at_tokens bigint, so_far float8, kernels text, new_state bytea, state_bytes bigint,
  state_sha256 text, page_first bigint default null, page_end bigint default null, page bytea default null, page_bytes bigint default null, page_sha256 text default null
) returns boolean language plpgsql set search_path = docproc, pg_temp as $$
begin
  insert into checkpoint as k (job_id, fence, key, tokens, seconds, number, isa, state, raw_bytes, sha256)
  select c.job_id, c.fence, reading_key, at_tokens, so_far, 1, kernels, new_state, state_bytes, state_sha256
  from claim c where c.job_id = job and c.fence = held_fence
  for key share
  on conflict (job_id) do update set fence = excluded.fence, key = excluded.key, tokens = excluded.tokens, seconds = excluded.seconds,
    number = case when k.key = excluded.key then k.number + 1 else 1 end,
    isa = excluded.isa, state = excluded.state, raw_bytes = excluded.raw_bytes, sha256 = excluded.sha256, saved_at = clock_timestamp();
  if not found then
    return false;
  end if;
  if page_first is not null then
    -- Pages of a worker that died after them and before its checkpoint, or of another key.
    delete from checkpoint_page p where p.job_id = job and p.first_token >= page_first;
    insert into checkpoint_page (job_id, first_token, end_token, data, raw_bytes, sha256)
    values (job, page_first, page_end, page, page_bytes, page_sha256);
  end if;
  perform record_event(job, 'checkpoint', held_fence, null, at_tokens::text);
  return true;
end $$;

-- A job's checkpoint for who holds the claim, if it is of this key.
create function docproc.load_checkpoint(job bigint, held_fence bigint, reading_key text)
returns table (tokens bigint, seconds float8, number integer, isa text, state bytea, raw_bytes bigint, sha256 text)
language sql set search_path = docproc, pg_temp as $$
  select k.tokens, k.seconds, k.number, k.isa, k.state, k.raw_bytes, k.sha256
  from checkpoint k join claim c on c.job_id = k.job_id
  where k.job_id = job and c.fence = held_fence and k.key = reading_key
$$;

create function docproc.load_checkpoint_pages(job bigint, held_fence bigint)
returns table (first_token bigint, end_token bigint, data bytea, raw_bytes bigint, sha256 text)
language sql set search_path = docproc, pg_temp as $$
  select p.first_token, p.end_token, p.data, p.raw_bytes, p.sha256
  from checkpoint_page p join claim c on c.job_id = p.job_id
  where p.job_id = job and c.fence = held_fence order by p.first_token
$$;

create function docproc.drop_checkpoint(job bigint)
returns void language sql set search_path = docproc, pg_temp as $$
  delete from checkpoint where job_id = job;
  delete from checkpoint_page where job_id = job;
$$;

-- What somebody wishes of the job's worker, under this fence.
create function docproc.wish_of(job bigint, held_fence bigint)
returns text language sql set search_path = docproc, pg_temp as $$
  select (select c.wish from claim c where c.job_id = job and c.fence = held_fence for update)
$$;

-- Brings a job to an end.
create function docproc.finish(job bigint, final text, held_fence bigint, message text default null)
returns void language plpgsql set search_path = docproc, pg_temp as $$
begin
  update job_state set state = final, error = message, finished_at = clock_timestamp() where job_id = job;
  perform drop_checkpoint(job);
  perform record_event(job, final, held_fence, null, message);
  perform pg_notify('docproc_finished', '');
end $$;

-- A worker that stopped because it was asked to.
create or replace function docproc.confirm_cancel(job bigint, held_fence bigint)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;
  perform finish(job, 'cancelled', held_fence);
  return true;
end $$;
drop function docproc.mark_cancelled(bigint, bigint);

-- Results, figures and states in one statement. Each offer is accepted or not by itself: not when
-- its claim was lost. Offered again after it was accepted (the answer got lost on the way), it is accepted
-- again, without effect. Offers: [{job, fence, worker, model, model_sha256, answer, supported, evidence,
-- figures, tokens, payload (zstd, in base64), raw_bytes, sha256}]; answers come in their order.
create function docproc.complete(offers jsonb)
returns setof boolean language plpgsql set search_path = docproc, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
begin
  return query
    with offer as materialized (
      select e.ordinality as place, r.* from jsonb_array_elements(offers) with ordinality e,
        jsonb_to_record(e.value) as r (job bigint, fence bigint, worker text, model text, model_sha256 text, answer text, supported boolean,
          evidence jsonb, figures jsonb, tokens bigint, payload text, raw_bytes bigint, sha256 text)),
    ended as (delete from claim c using offer o where c.job_id = o.job and c.fence = o.fence returning o.*),
    read as (
      insert into reading select n.job, n.fence, (f.passes), n.tokens, f.tokens_read, f.seconds, f.tokens_per_second, f.peak_rss_bytes,
        f.checkpoints, f.resumed_from
      from ended n, jsonb_to_record(n.figures) as f (passes integer, tokens_read bigint, seconds float8, tokens_per_second float8,
        peak_rss_bytes bigint, checkpoints integer, resumed_from bigint)),
    stored as (
      insert into result (job_id, fence, worker, model_name, model_sha256, answer, supported, evidence,
        payload, payload_codec, payload_raw_bytes, payload_sha256)
      select n.job, n.fence, n.worker, n.model, n.model_sha256, n.answer, n.supported, n.evidence,
        decode(n.payload, 'base64'), 'zstd', n.raw_bytes, n.sha256 from ended n),
    stated as (update job_state s set state = 'completed', error = null, finished_at = clock_timestamp() from ended n where s.job_id = n.job),
    unsaved as (delete from checkpoint k using ended n where k.job_id = n.job),
    unpaged as (delete from checkpoint_page k using ended n where k.job_id = n.job),
    noted as (insert into event (job_id, kind, fence) select n.job, 'completed', n.fence from ended n)
    select n.job is not null or exists (
      select from result r where r.job_id = o.job and r.fence = o.fence and r.payload_sha256 = o.sha256)
    from offer o left join ended n on n.place = o.place order by o.place;
  perform pg_notify('docproc_finished', '');
end $$;

-- An error of the job itself: tried again later while attempts are left and trying may help.
create or replace function docproc.fail(job bigint, held_fence bigint, message text, retryable boolean)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  used integer;
  allowed integer;
  wished text := wish_of(job, held_fence);
begin
  if not end_claim(job, held_fence) then
    return 'lost';
  end if;
  if wished = 'cancel' then
    perform stop_now(job, 'cancel', held_fence);
    return 'cancelled';
  end if;
  select s.attempts, j.max_attempts into used, allowed
  from job_state s join job j on j.id = s.job_id where s.job_id = job for update of s;
  if retryable and used < allowed then
    perform make_ready(job, least(interval '10 s' * power(2, used - 1), interval '10 min') * (0.75 + random() / 2), message);
    perform record_event(job, 'attempt failed', held_fence, null, message);
    return 'available';
  end if;
  perform finish(job, 'failed', held_fence, message);
  return 'failed';
end $$;

-- A worker that stops gives its job back; that uses up no attempt.
create or replace function docproc.release(job bigint, held_fence bigint, delay interval default interval '0', reason text default null)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
declare
  wished text := wish_of(job, held_fence);
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;
  update job_state set attempts = attempts - 1, releases = releases + 1 where job_id = job;
  if wished in ('cancel', 'pause') then
    perform stop_now(job, wished, held_fence);
    return true;
  end if;
  perform make_ready(job, delay, reason);
  perform record_event(job, 'released', held_fence, null, coalesce(reason, wished));
  return true;
end $$;

-- Stops a job for good ('cancel') or for now ('pause'): one that waits at once, a running one by a wish to
-- its worker. Returns the state after the call.
create function docproc.stop(job bigint, wished text)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  result text;
begin
  perform require_job(job);
  -- A job on its way from a worker back to the queue is in neither table for a moment.
  for round in 1..3 loop
    delete from ready where job_id = job;
    if found then
      perform stop_now(job, wished);
    else
      update claim set wish = wished where job_id = job and wish is distinct from 'cancel';
      if found then
        perform record_event(job, wished || ' requested');
        perform pg_notify('docproc_wish', job::text);
      end if;
    end if;
    select state into result from job_state where job_id = job;
    if result = 'paused' and wished = 'cancel' then
      perform stop_now(job, wished);
      return 'cancelled';
    end if;
    exit when result not in ('available', 'running') or exists (select from claim where job_id = job);
  end loop;
  return result;
end $$;

create function docproc.stop_now(job bigint, wished text, held_fence bigint default null)
returns void language plpgsql set search_path = docproc, pg_temp as $$
begin
  if wished = 'cancel' then
    perform finish(job, 'cancelled', held_fence);
  else
    update job_state set state = 'paused', error = null where job_id = job;
    perform record_event(job, 'paused', held_fence);
  end if;
end $$;

create or replace function docproc.cancel(job bigint)
returns text language sql set search_path = docproc, pg_temp as $$
  select stop(job, 'cancel')
$$;

-- Until docproc.resume; a running job is saved at its next block.
create function docproc.pause(job bigint)
returns text language sql set search_path = docproc, pg_temp as $$
  select stop(job, 'pause')
$$;

-- Lets a paused job go on where it stood.
create function docproc.resume(job bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  result text;
begin
  perform require_job(job);
  update job_state set state = 'available' where job_id = job and state = 'paused';
  if found then
    perform make_ready(job, interval '0');
    perform record_event(job, 'resumed');
  else
    -- Asked to pause, and not yet paused.
    update claim set wish = null where job_id = job and wish = 'pause';
  end if;
  select state into result from job_state where job_id = job;
  return result;
end $$;

-- Gives a failed or cancelled job all its attempts again.
create or replace function docproc.retry(job bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  result text;
begin
  perform require_job(job);
  update job_state set attempts = 0, crashes = 0, state = 'available', finished_at = null
  where job_id = job and state in ('failed', 'cancelled');
  if found then
    perform make_ready(job, interval '0');
    perform record_event(job, 'retried');
  end if;
  select state into result from job_state where job_id = job;
  return result;
end $$;

-- Waits until a job is finished or paused, or the time is over; returns its state. It looks four
-- times a second, and holds a snapshot back while it waits: give short times, and call it again.
create function docproc.wait(job bigint, at_most interval default interval '60 s')
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  until timestamptz := clock_timestamp() + at_most;
  result text;
begin
  perform require_job(job);
  loop
    select state into result from job_state where job_id = job;
    if result not in ('available', 'running') or clock_timestamp() >= until then
      return result;
    end if;
    perform pg_sleep(0.25);
  end loop;
end $$;

-- Takes a claim from its worker, whose job counts a crash; after `most_crashes` of those it is
-- failed, with the evidence of each.
create function docproc.take_back(job bigint, lost_fence bigint, reason text)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
declare
  lost record;
  deaths integer;
begin
  delete from claim c where c.job_id = job and c.fence = lost_fence
  returning c.worker_id, c.wish, c.tokens_done, c.tokens_total into lost;
  if not found then
    return false;
  end if;
  update job_state s set attempts = s.attempts - 1, crashes = s.crashes + 1 where s.job_id = job returning s.crashes into deaths;
  perform record_event(job, 'rescued', lost_fence, lost.worker_id,
    format('%s, at %s of %s tokens', reason, lost.tokens_done, lost.tokens_total));
  if lost.wish = 'cancel' then
    perform stop_now(job, 'cancel', lost_fence);
  elsif deaths >= setting('most_crashes')::integer then
    perform finish(job, 'failed', lost_fence, format('its worker was lost %s times while reading it: %s', deaths,
      (select string_agg(e.detail, '; ' order by e.id) from event e where e.job_id = job and e.kind = 'rescued'
        and e.id > coalesce((select max(r.id) from event r where r.job_id = job and r.kind = 'retried'), 0))));
  elsif lost.wish = 'pause' then
    perform stop_now(job, 'pause', lost_fence);
  else
    perform make_ready(job, interval '0');
  end if;
  return true;
end $$;

-- Gives back jobs whose worker is dead or stalled, and fails those past their deadline: a few at a
-- time, each looked at again under the lock. Any worker calls it; returns how many. After a start
-- of the server, workers have a whole lease to be heard of again.
create function docproc.rescue(lease interval default null)
returns integer language plpgsql set search_path = docproc, pg_temp as $$
declare
  allowed interval := coalesce(lease, setting('lease')::interval);
  stall interval := setting('stall')::interval;
  -- Not heard of since then: dead.
  since timestamptz := clock_timestamp() - allowed;
  serving boolean := pg_postmaster_start_time() < since;
  lost record;
  count integer := 0;
begin
  for lost in
    select c.job_id, c.fence, w.name, w.host, w.heartbeat_at, c.worked_at, c.claimed_at, j.deadline,
      case
        when serving and (w.id is null or w.heartbeat_at <= since) and c.claimed_at < since then 'dead'
        when c.worked_at < clock_timestamp() - stall then 'stalled'
        when c.claimed_at < clock_timestamp() - j.deadline then 'late'
      end as why
    from claim c join job j on j.id = c.job_id left join worker w on w.id = c.worker_id
    where serving and (w.id is null or w.heartbeat_at <= since) and c.claimed_at < since
      or c.worked_at < clock_timestamp() - stall
      or c.claimed_at < clock_timestamp() - j.deadline
    order by c.job_id limit 10 for update of c skip locked
  loop
    if lost.why = 'late' then
      delete from claim c where c.job_id = lost.job_id and c.fence = lost.fence;
      perform finish(lost.job_id, 'failed', lost.fence, format('it took longer than its deadline of %s', lost.deadline));
    else
      perform take_back(lost.job_id, lost.fence, case lost.why
        when 'dead' then format('worker %s on %s was not heard of since %s', coalesce(lost.name, '?'), coalesce(lost.host, '?'),
          to_char(coalesce(lost.heartbeat_at, lost.claimed_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
        else format('worker %s on %s lived, but did nothing for %s', lost.name, lost.host, stall) end);
    end if;
    count := count + 1;
  end loop;
  delete from worker w where w.heartbeat_at < clock_timestamp() - allowed * 20
    and not exists (select from claim c where c.worker_id = w.id);
  return count;
end $$;

-- Asks as many readings to make way as more important jobs have been waiting for a worker:
-- the least important first, of equals the one that began last.
create function docproc.preempt()
returns integer language plpgsql set search_path = docproc, pg_temp as $$
declare
  waiting record;
  count integer := 0;
begin
  -- One at a time, or two sweepers would interrupt two readings for one job.
  if not pg_try_advisory_xact_lock(7310115643) then
    return 0;
  end if;
  for waiting in
    select r.job_id, r.model, r.priority from ready r
    where r.available_at < clock_timestamp() - setting('preempt_after')::interval
      and r.priority > (select min(j.priority) from claim c join job j on j.id = c.job_id)
    order by r.priority desc, r.available_at, r.job_id
    limit greatest(0, 10 - (select count(*) from claim c where c.wish = 'preempt'))
    offset (select count(*) from claim c where c.wish = 'preempt')
  loop
    update claim set wish = 'preempt' where claim.wish is null and (job_id, fence) = (
      select c.job_id, c.fence from claim c join job j on j.id = c.job_id join worker w on w.id = c.worker_id
      where c.wish is null and j.priority < waiting.priority
        and (waiting.model = any (w.models) or w.takes_paths and waiting.model like '%/%')
      order by j.priority, c.claimed_at desc, c.job_id limit 1);
    if found then
      count := count + 1;
    end if;
  end loop;
  return count;
end $$;

-- Deletes what the settings say is old, a few thousand rows at a time; returns how many jobs.
create function docproc.forget_old(most integer default 1000)
returns integer language plpgsql set search_path = docproc, pg_temp as $$
declare
  kept interval := setting('keep_results')::interval;
  kept_events interval := setting('keep_events')::interval;
  partition regclass;
  count integer := 0;
begin
  perform make_event_partitions();
  for partition in
    select i.inhrelid from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'docproc.event'::regclass and c.relname ~ '^event_\d{4}_\d{2}$'
      and to_timestamp(substr(c.relname, 7), 'YYYY_MM') + interval '32 days' < clock_timestamp() - kept_events
  loop
    execute format('drop table %s', partition);
  end loop;
  if kept is not null then
    with old as (
      select s.job_id from job_state s where s.finished_at < clock_timestamp() - kept
      order by s.finished_at limit most for update skip locked)
    delete from job j using old where j.id = old.job_id;
    get diagnostics count = row_count;
    delete from document d where d.id in (
      select e.id from document e where not exists (select from job j where j.document_id = e.id)
        and e.created_at < clock_timestamp() - kept limit most);
  end if;
  return count;
end $$;

-- Everything that any worker does for all, from time to time; returns how many jobs were given back.
create function docproc.sweep()
returns integer language plpgsql set search_path = docproc, pg_temp as $$
declare
  count integer := rescue();
begin
  perform preempt();
  return count;
end $$;

-- Puts a job back on the queue that is on no list: nothing of docproc leaves one so, but somebody's
-- update by hand might have.
create function docproc.repair(job bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  current text;
begin
  select state into current from job_state where job_id = job for update;
  if current in ('running', 'available') and not exists (select from claim where job_id = job) and not exists (select from ready where job_id = job) then
    perform make_ready(job, interval '0');
    perform record_event(job, 'repaired');
    return 'available';
  end if;
  return current;
end $$;
