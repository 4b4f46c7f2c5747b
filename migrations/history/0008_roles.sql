-- Who may do what. Four roles to grant to login roles; all they do goes through functions that run
-- with the owner's rights and a fixed search_path, or through views that row-level security filters.
--   docproc_submitter   submit, cancel, retry, pause, resume, wait: jobs of its own tenant
--   docproc_reader      select from the views: jobs of its own tenant
--   docproc_worker      claim, report, checkpoint, complete, fail, release, rescue: any tenant's jobs
--   docproc_admin       all of these, for all tenants; settings, tenants
do $$
declare
  name text;
begin
  foreach name in array array['docproc_submitter', 'docproc_reader', 'docproc_worker', 'docproc_admin'] loop
    begin
      if not exists (select from pg_catalog.pg_roles r where r.rolname = name) then
        execute format('create role %I nologin', name);
      end if;
    exception
      when duplicate_object or unique_violation then null;  -- another database's migrator was faster
      when insufficient_privilege then
        raise exception 'the role % does not exist, and % may not create it', name, current_user using
          errcode = 'insufficient_privilege',
          hint = 'As a superuser: create role docproc_submitter; create role docproc_reader; create role docproc_worker; create role docproc_admin;';
    end;
  end loop;
end $$;
do $$
begin
  grant docproc_submitter, docproc_reader, docproc_worker to docproc_admin;
exception when insufficient_privilege then
  raise warning 'docproc_admin is not given the other roles: % may not grant them', current_user;
end $$;

-- Functions: nobody by default; what is internal stays with the owner.
do $$
declare
  f record;
begin
  for f in select p.oid::regprocedure as signature from pg_catalog.pg_proc p where p.pronamespace = 'docproc'::regnamespace loop
    execute format('revoke all on function %s from public', f.signature);
    execute format('alter function %s security definer', f.signature);
  end loop;
end $$;
-- These have to know who asks, and need no rights.
alter function docproc.install_decoder() security invoker;

grant usage on schema docproc to docproc_submitter, docproc_reader, docproc_worker, docproc_admin;
grant execute on function
  docproc.submit(text, text, jsonb, text, text, text, integer, jsonb, boolean, text, interval),
  docproc.submit_many(jsonb), docproc.cancel(bigint), docproc.retry(bigint), docproc.pause(bigint), docproc.resume(bigint),
  docproc.wait(bigint, interval)
  to docproc_submitter;
grant execute on function
  docproc.register_worker(uuid, text, text, integer, text[], boolean), docproc.unregister_worker(uuid),
  docproc.claim(uuid, text[], boolean, integer), docproc.beat(uuid), docproc.report(bigint, bigint, bigint, bigint, bigint, bigint),
  docproc.save_checkpoint(bigint, bigint, text, bigint, float8, text, bytea, bigint, text, bigint, bigint, bytea, bigint, text),
  docproc.load_checkpoint(bigint, bigint, text), docproc.load_checkpoint_pages(bigint, bigint),
  docproc.complete(jsonb),
  docproc.fail(bigint, bigint, text, boolean), docproc.release(bigint, bigint, interval, text),
  docproc.confirm_cancel(bigint, bigint), docproc.sweep(), docproc.forget_old(integer)
  to docproc_worker;
grant execute on function docproc.repair(bigint) to docproc_admin;
grant execute on function docproc.setting(text), docproc.current_tenant(), docproc.sees_all()
  to docproc_submitter, docproc_reader, docproc_worker, docproc_admin;
grant execute on function docproc.result_payload(bigint) to docproc_reader;

-- Tables: readers see them through the views, which run with the reader's rights.
grant select on docproc.document, docproc.job, docproc.job_state, docproc.ready, docproc.claim, docproc.worker, docproc.reading,
  docproc.result, docproc.checkpoint, docproc.event, docproc.jobs, docproc.results, docproc.evidence, docproc.workers, docproc.events
  to docproc_reader;
grant select on docproc.migration to docproc_submitter, docproc_reader, docproc_worker, docproc_admin;
grant select, insert, update, delete on docproc.setting, docproc.member to docproc_admin;
grant select on docproc.schema_line to docproc_reader;

-- Rows: a tenant's own. FORCE makes the owner subject to them too, who gets a policy of its own,
-- since the functions run as the owner.
do $$
declare
  name text;
  mine text;
begin
  foreach name in array array['document', 'job', 'job_state', 'ready', 'claim', 'reading', 'result', 'checkpoint', 'checkpoint_page', 'event'] loop
    execute format('alter table docproc.%I enable row level security', name);
    execute format('alter table docproc.%I force row level security', name);
    execute format('create policy owner on docproc.%I to %I using (true) with check (true)', name, current_user);
    mine := case when name in ('document', 'job') then 'tenant = (select docproc.current_tenant())'
      else 'exists (select from docproc.job j where j.id = job_id)' end;
    execute format('create policy reader on docproc.%I for select to docproc_reader using ((select docproc.sees_all()) or %s)', name, mine);
  end loop;
end $$;

-- A result's record, of whoever may see it: the function runs with the owner's rights.
create or replace function docproc.result_payload(job bigint)
returns jsonb language plpgsql stable security definer set search_path = docproc, pg_temp as $$
declare
  raw bytea;
  stored record;
begin
  perform require_job(job);
  select payload, payload_raw_bytes, payload_sha256 into stored from result where job_id = job;
  if not found then
    raise exception 'job % has no result', job using errcode = 'no_data_found';
  end if;
  if to_regprocedure('docproc.zstd_decode(bytea, bigint)') is null then
    raise exception 'this server cannot decode zstd' using
      errcode = 'feature_not_supported',
      hint = format('Use "docproc result %s", or install postgresql-plpython3 and python3-zstandard on the server and run "select docproc.install_decoder()" as a superuser.', job);
  end if;
  execute 'select docproc.zstd_decode($1, $2)' into raw using stored.payload, stored.payload_raw_bytes;
  if encode(sha256(raw), 'hex') <> stored.payload_sha256 then
    raise exception 'the payload of job % is damaged', job using errcode = 'data_corrupted';
  end if;
  return convert_from(raw, 'UTF8')::jsonb;
end $$;
