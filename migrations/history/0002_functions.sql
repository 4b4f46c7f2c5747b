-- The queue's rules. Every write by a worker matches (job, fence) in the statement that
-- has the effect; no row means that the claim is lost, and the worker stops.

create function docproc.record_event(event_job bigint, kind text, fence bigint default null, event_worker uuid default null, detail text default null)
returns void language sql set search_path = docproc, pg_temp as $$
  insert into event (job_id, kind, fence, worker_id, detail) values (event_job, kind, fence, event_worker, detail)
$$;

-- Submits a document with a task. The same document, task, model and parameters give
-- the same job again; a null key always makes a new one.
create function docproc.submit(
  document_name text, document_text text, parts jsonb, task text, question text, model text,
  priority integer default 0, parameters jsonb default '{}', again boolean default false
) returns table (job_id bigint, created boolean)
language plpgsql set search_path = docproc, pg_temp as $$
declare
  digest text := encode(sha256(convert_to(document_text, 'UTF8')), 'hex');
  key text;
  document bigint;
  job bigint;
begin
  if btrim(document_text, E' \t\r\n\f\v') = '' then
    raise exception 'the document holds no text' using errcode = 'check_violation';
  end if;
  insert into document as d (name, sha256, text, bytes, parts)
  values (document_name, digest, document_text, octet_length(document_text), submit.parts)
  on conflict (sha256, name) do nothing
  returning d.id into document;
  if document is null then
    select d.id into document from document d where d.sha256 = digest and d.name = document_name;
  end if;
  key := case when again then null else encode(sha256(convert_to(
    jsonb_build_array(document, submit.task, submit.question, submit.model, submit.parameters)::text, 'UTF8')), 'hex') end;
  insert into job as j (document_id, task, question, model, priority, parameters, idempotency_key)
  values (document, submit.task, submit.question, submit.model, submit.priority, submit.parameters, key)
  on conflict (idempotency_key) do nothing
  returning j.id into job;
  if job is null then
    return query select j.id, false from job j where j.idempotency_key = key;
    return;
  end if;
  insert into job_state (job_id, state) values (job, 'available');
  insert into ready (job_id, model, priority) values (job, submit.model, submit.priority);
  perform record_event(job, 'submitted');
  perform pg_notify('docproc_ready', '');
  return query select job, true;
end $$;

create function docproc.register_worker(new_worker uuid, name text, host text, pid integer)
returns void language sql set search_path = docproc, pg_temp as $$
  insert into worker (id, name, host, pid) values (new_worker, name, host, pid)
$$;

create function docproc.unregister_worker(leaving_worker uuid)
returns void language sql set search_path = docproc, pg_temp as $$
  delete from worker where id = leaving_worker
$$;

-- Gives the worker the next job whose model it can run, with a new fence; no row when
-- there is none. A model given by path can be run by whoever has that path, if it takes
-- those. A worker has one job at a time: a claim it still holds is one whose answer got
-- lost on the way, and is given back.
create function docproc.claim(claiming_worker uuid, models text[], takes_paths boolean default true)
returns table (
  job_id bigint, fence bigint, task text, question text, model text, parameters jsonb,
  document_name text, document_text text, document_parts jsonb, document_sha256 text, document_bytes bigint
) language plpgsql set search_path = docproc, pg_temp as $$
#variable_conflict use_column
declare
  chosen bigint;
  given bigint;
begin
  perform release(c.job_id, c.fence) from claim c where c.worker_id = claiming_worker;
  delete from ready r where r.job_id = (
    select n.job_id from ready n
    where n.available_at <= clock_timestamp() and (n.model = any (models) or takes_paths and n.model like '%/%')
    order by n.priority desc, n.available_at, n.job_id
    for update skip locked limit 1)
  returning r.job_id into chosen;
  if chosen is null then
    return;
  end if;
  insert into claim (job_id, fence, worker_id) values (chosen, nextval('docproc.fence'), claiming_worker)
  returning claim.fence into given;
  update job_state s set state = 'running', attempts = s.attempts + 1, started_at = clock_timestamp(), error = null
  where s.job_id = chosen;
  perform record_event(chosen, 'claimed', given, claiming_worker);
  return query
    select j.id, given, j.task, j.question, j.model, j.parameters, d.name, d.text, d.parts, d.sha256, d.bytes
    from job j join document d on d.id = j.document_id where j.id = chosen;
end $$;

-- Says that a worker lives; false when its row is gone and it has to register again.
create function docproc.beat(beating_worker uuid)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
begin
  update worker set heartbeat_at = clock_timestamp() where id = beating_worker;
  return found;
end $$;

-- Reports progress on a job: 'going', 'cancel' when somebody asked for that, or 'lost'.
create function docproc.report(job bigint, held_fence bigint, done bigint, total bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  cancelling boolean;
begin
  update claim c set tokens_done = done, tokens_total = total
  where c.job_id = job and c.fence = held_fence
  returning c.cancel_requested into cancelling;
  return case when not found then 'lost' when cancelling then 'cancel' else 'going' end;
end $$;

-- Ends a claim if it is still held.
create function docproc.end_claim(job bigint, held_fence bigint)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
begin
  delete from claim c where c.job_id = job and c.fence = held_fence;
  return found;
end $$;

-- Whether somebody asked to cancel the job under this fence.
create function docproc.is_cancelling(job bigint, held_fence bigint)
returns boolean language sql set search_path = docproc, pg_temp as $$
  select coalesce((select c.cancel_requested from claim c where c.job_id = job and c.fence = held_fence for update), false)
$$;

create function docproc.mark_cancelled(job bigint, held_fence bigint default null)
returns void language plpgsql set search_path = docproc, pg_temp as $$
begin
  update job_state set state = 'cancelled', finished_at = clock_timestamp() where job_id = job;
  perform record_event(job, 'cancelled', held_fence);
  perform pg_notify('docproc_finished', job::text);
end $$;

-- Result, figures and state in one transaction; false when the claim was lost.
create function docproc.complete(
  job bigint, held_fence bigint, worker_name text, model_name text, model_sha256 text, answer text, supported boolean,
  evidence jsonb, figures jsonb, document_tokens bigint, payload bytea, payload_raw_bytes bigint, payload_sha256 text
) returns boolean language plpgsql set search_path = docproc, pg_temp as $$
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;
  insert into reading values (
    job, held_fence, (figures ->> 'passes')::integer, complete.document_tokens, (figures ->> 'tokens_read')::bigint,
    (figures ->> 'seconds')::float8, (figures ->> 'tokens_per_second')::float8, (figures ->> 'peak_rss_bytes')::bigint,
    (figures ->> 'checkpoints')::integer, (figures ->> 'resumed_from')::bigint);
  insert into result (job_id, fence, worker, model_name, model_sha256, answer, supported, evidence,
    payload, payload_codec, payload_raw_bytes, payload_sha256)
  values (job, held_fence, worker_name, complete.model_name, complete.model_sha256, complete.answer, complete.supported,
    complete.evidence, complete.payload, 'zstd', complete.payload_raw_bytes, complete.payload_sha256);
  update job_state set state = 'completed', finished_at = clock_timestamp() where job_id = job;
  perform record_event(job, 'completed', held_fence);
  perform pg_notify('docproc_finished', job::text);
  return true;
end $$;

-- An error of the job itself: tried again later while attempts are left and trying may help.
create function docproc.fail(job bigint, held_fence bigint, message text, retryable boolean)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  used integer;
  allowed integer;
  cancelling boolean := is_cancelling(job, held_fence);
begin
  if not end_claim(job, held_fence) then
    return 'lost';
  end if;
  if cancelling then
    perform mark_cancelled(job, held_fence);
    return 'cancelled';
  end if;
  select s.attempts, j.max_attempts into used, allowed
  from job_state s join job j on j.id = s.job_id where s.job_id = job for update of s;
  perform record_event(job, 'failed', held_fence, null, message);
  if retryable and used < allowed then
    perform make_ready(job, least(interval '10 s' * power(2, used - 1), interval '10 min') * (0.75 + random() / 2), message);
    return 'available';
  end if;
  update job_state set state = 'failed', error = message, finished_at = clock_timestamp() where job_id = job;
  perform pg_notify('docproc_finished', job::text);
  return 'failed';
end $$;

create function docproc.make_ready(job bigint, delay interval, message text default null)
returns void language plpgsql set search_path = docproc, pg_temp as $$
begin
  update job_state set state = 'available', error = message, finished_at = null where job_id = job;
  insert into ready (job_id, model, priority, available_at)
  select j.id, j.model, j.priority, clock_timestamp() + delay from job j where j.id = job;
  perform pg_notify('docproc_ready', '');
end $$;

-- A worker that stops gives its job back; that uses up no attempt.
create function docproc.release(job bigint, held_fence bigint, delay interval default interval '0', reason text default null)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
declare
  cancelling boolean := is_cancelling(job, held_fence);
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;
  update job_state set attempts = attempts - 1, releases = releases + 1 where job_id = job;
  if cancelling then
    perform mark_cancelled(job, held_fence);
    return true;
  end if;
  perform make_ready(job, delay, reason);
  perform record_event(job, 'released', held_fence);
  return true;
end $$;

-- Cancels a job that waits at once, and asks a running one's worker to stop.
-- Returns the state after the call.
create function docproc.cancel(job bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  result text;
begin
  -- A job on its way from a worker back to the queue is in neither table for a moment.
  for round in 1..3 loop
    delete from ready where job_id = job;
    if found then
      perform mark_cancelled(job);
      return 'cancelled';
    end if;
    update claim set cancel_requested = true where job_id = job;
    if found then
      perform record_event(job, 'cancel requested');
      return 'running';
    end if;
    select state into result from job_state where job_id = job;
    if result is null then
      raise exception 'there is no job %', job using errcode = 'no_data_found';
    end if;
    exit when result not in ('available', 'running');
  end loop;
  return result;
end $$;

-- A worker that stopped because it was asked to.
create function docproc.confirm_cancel(job bigint, held_fence bigint)
returns boolean language plpgsql set search_path = docproc, pg_temp as $$
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;
  perform mark_cancelled(job, held_fence);
  return true;
end $$;

-- Gives a failed or cancelled job all its attempts again.
create function docproc.retry(job bigint)
returns text language plpgsql set search_path = docproc, pg_temp as $$
declare
  result text;
begin
  update job_state set attempts = 0, crashes = 0, state = 'available', finished_at = null
  where job_id = job and state in ('failed', 'cancelled');
  if found then
    perform make_ready(job, interval '0');
    perform record_event(job, 'retried');
  end if;
  select state into result from job_state where job_id = job;
  if result is null then
    raise exception 'there is no job %', job using errcode = 'no_data_found';
  end if;
  return result;
end $$;

-- Gives back jobs whose worker has not been heard of for a lease, a few at a time; after
-- `most_crashes` such deaths a job is failed. Any worker calls it; returns how many.
create function docproc.rescue(lease interval, most_crashes integer default 5)
returns integer language plpgsql set search_path = docproc, pg_temp as $$
declare
  lost record;
  count integer := 0;
begin
  for lost in
    select c.job_id, c.fence, c.worker_id, c.cancel_requested from claim c
    where not exists (select from worker w where w.id = c.worker_id and w.heartbeat_at > clock_timestamp() - lease)
      and c.claimed_at < clock_timestamp() - lease
    order by c.job_id limit 10 for update skip locked
  loop
    delete from claim c where c.job_id = lost.job_id and c.fence = lost.fence;
    update job_state set attempts = attempts - 1, crashes = crashes + 1 where job_id = lost.job_id;
    perform record_event(lost.job_id, 'rescued', lost.fence, lost.worker_id);
    if lost.cancel_requested then
      perform mark_cancelled(lost.job_id, lost.fence);
    elsif (select crashes from job_state where job_id = lost.job_id) >= most_crashes then
      update job_state set state = 'failed', finished_at = clock_timestamp(),
        error = format('its worker died %s times while reading it', crashes) where job_id = lost.job_id;
      perform pg_notify('docproc_finished', lost.job_id::text);
    else
      perform make_ready(lost.job_id, interval '0');
    end if;
    count := count + 1;
  end loop;
  delete from worker w where w.heartbeat_at < clock_timestamp() - lease * 20
    and not exists (select from claim c where c.worker_id = w.id);
  return count;
end $$;
