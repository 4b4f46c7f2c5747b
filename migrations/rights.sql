-- Who may do what: applied again after every change of a function or view.
-- Six roles are there to be granted to login roles; history creates them.
-- All they do goes through functions that run with the owner's rights.
-- They read through views, which row security filters.
--   docproc_submitter   submits, cancels, retries, pauses, resumes: its tenant's jobs
--   docproc_reader      selects from the views: its tenant's jobs
--   docproc_worker      claims, reports, saves, completes, fails: any tenant's jobs
--   docproc_coordinator  what submitters and readers may, for the tenant that docproc.tenant names
--   docproc_scaler      asks how many workers there is work for, and nothing else
--   docproc_admin       all of these for all tenants; settings and tenants
-- It is for the schema's owner, and needs no right to create roles.

-- Functions: nobody may call them by default; what is internal stays with the owner.
-- Functions of other owners cannot be changed, and are no part of docproc.
-- The function zstd_decode is a superuser's: docproc db decoder makes it, and its rights.
do $$
declare
  f record;
begin
  for f in
    select p.oid::regprocedure as signature
    from pg_catalog.pg_proc p
    where p.pronamespace = 'docproc'::regnamespace
      and p.prokind = 'f'
      and p.proname <> 'zstd_decode'
      and pg_has_role(p.proowner, 'usage')
  loop
    execute format(
      'alter function %s security definer set search_path = docproc, pg_temp', f.signature);
    execute format('revoke all on function %s from public', f.signature);
  end loop;
end $$;

grant usage on schema docproc
  to docproc_submitter, docproc_reader, docproc_worker, docproc_coordinator, docproc_scaler,
    docproc_admin;

grant execute on function
  docproc.submit(
    text, text, jsonb, text, text, text, integer, jsonb, boolean, text, interval),
  docproc.submit_many(jsonb),
  docproc.begin_upload(),
  docproc.upload_piece(bigint, integer, text),
  docproc.submit_upload(
    text, text, bigint, jsonb, text, text, text, integer, jsonb, boolean, text, interval),
  docproc.ask(text, bigint, bigint, text, integer, jsonb, boolean),
  docproc.ask_many(jsonb, bigint, bigint, text, integer, jsonb, boolean),
  docproc.forget_reading(bigint),
  docproc.cancel(bigint),
  docproc.retry(bigint),
  docproc.pause(bigint),
  docproc.resume(bigint),
  docproc.remove(bigint),
  docproc.prioritize(bigint, integer),
  docproc.wait(bigint, interval)
  to docproc_submitter;

grant execute on function
  docproc.register_worker(uuid, text, text, integer, text[], boolean),
  docproc.unregister_worker(uuid),
  docproc.beat(uuid),
  docproc.claim(uuid, text[], boolean, integer),
  docproc.load_text(bigint, bigint, integer),
  docproc.report(bigint, bigint, bigint, bigint, bigint, bigint),
  docproc.report_writing(bigint, bigint, bigint, text, bigint),
  docproc.save_checkpoint(
    bigint, bigint, text, bigint, float8, text, bytea, bigint, text,
    bigint, bigint, bytea, bigint, text),
  docproc.load_checkpoint(bigint, bigint, text),
  docproc.load_checkpoint_pages(bigint, bigint),
  docproc.save_answers(bigint, bigint, text, integer, jsonb),
  docproc.load_answers(bigint, bigint, text),
  docproc.keep_plan(bigint, bigint),
  docproc.find_kept(bigint, bigint, text, bigint),
  docproc.load_kept(bigint, bigint, bigint, boolean),
  docproc.load_kept_pages(bigint, bigint, bigint),
  docproc.use_kept(bigint, bigint, bigint),
  docproc.drop_kept(bigint, bigint, bigint),
  docproc.keep_state(
    bigint, bigint, text, text, text, bigint, bigint, text, boolean, float8, text, bytea, bigint,
    text, bigint, bigint, bytea, bigint, text),
  docproc.complete(jsonb),
  docproc.fail(bigint, bigint, text, boolean),
  docproc.release(bigint, bigint, interval, text),
  docproc.confirm_cancel(bigint, bigint),
  docproc.place_worker(uuid, text),
  docproc.neighbours(uuid),
  docproc.bury(uuid, text),
  docproc.identity(),
  docproc.checkpoint_plan(),
  docproc.sweep(),
  docproc.forget_old(integer)
  to docproc_worker;

grant execute on function docproc.result_payload(bigint), docproc.document_text(bigint),
  docproc.job_status(bigint[]),
  docproc.search(text, integer)
  to docproc_reader;

grant execute on function
  docproc.find_key(text),
  docproc.attach_document(text, text, bigint, jsonb, jsonb),
  docproc.drop_file(text),
  docproc.cancel_response(text),
  docproc.cancel_batch(text),
  docproc.take_batches(integer),
  docproc.let_batch(text, interval),
  docproc.announce(text, text, text),
  docproc.due_deliveries(integer),
  docproc.end_delivery(text, text, interval),
  docproc.queued_tokens(),
  docproc.service_metrics(),
  docproc.due_traces(integer),
  docproc.trace_job(bigint, text),
  docproc.join_job(bigint, boolean, boolean),
  docproc.stored_bytes()
  to docproc_coordinator;

grant execute on function
  docproc.create_key(text, text, text, text[], text, text, interval),
  docproc.revoke_key(text)
  to docproc_coordinator, docproc_admin;

grant execute on function docproc.wanted_workers(text, integer, integer, bigint)
  to docproc_scaler, docproc_coordinator, docproc_admin;

grant execute on function docproc.repair(bigint)
  to docproc_admin;

grant execute on function
  docproc.setting(text),
  docproc.current_tenant(),
  docproc.sees_all()
  to docproc_submitter, docproc_reader, docproc_worker, docproc_coordinator, docproc_admin;

-- Tables: readers need them for the views, which run with the reader's rights.
grant select on
  docproc.document,
  docproc.content,
  docproc.content_piece,
  docproc.job,
  docproc.job_state,
  docproc.ready,
  docproc.claim,
  docproc.reading,
  docproc.result,
  docproc.checkpoint,
  docproc.event,
  docproc.kept_reading,
  docproc.kept_state,
  docproc.answer,
  docproc.schema_line
  to docproc_reader;

grant select (reading_id, bytes) on docproc.kept_page
  to docproc_reader;

grant select on
  docproc.jobs,
  docproc.results,
  docproc.evidence,
  docproc.workers,
  docproc.events,
  docproc.readings,
  docproc.answers,
  docproc.extractions
  to docproc_reader;

-- What coordinators keep for a tenant: its rows alone, by the policies below.
grant select, insert, update, delete on
  docproc.blob,
  docproc.blob_piece,
  docproc.file,
  docproc.file_blob,
  docproc.upload,
  docproc.upload_part,
  docproc.response,
  docproc.idempotency,
  docproc.batch,
  docproc.batch_line,
  docproc.webhook
  to docproc_coordinator;

grant select on docproc.api_key, docproc.webhook_delivery
  to docproc_coordinator, docproc_admin;

grant select on docproc.model
  to docproc_submitter, docproc_reader, docproc_coordinator, docproc_admin;

grant select on docproc.file, docproc.batch, docproc.batch_line, docproc.response
  to docproc_reader;

grant select on docproc.files, docproc.batches
  to docproc_reader;

-- The names of workers stand in docproc.jobs; where they run is not every tenant's business.
grant select (id, name) on docproc.worker
  to docproc_reader;

-- For their own doctor: it shows them what they may know.
grant select on docproc.workers
  to docproc_submitter, docproc_worker, docproc_admin;

grant select on docproc.migration, docproc.object
  to docproc_submitter, docproc_reader, docproc_worker, docproc_coordinator, docproc_admin;

grant select, insert, update, delete on docproc.setting, docproc.member
  to docproc_admin;

-- Rows: readers see those of their own tenant.
-- The owner, as which the functions run, is not bound by row security: so dumps are whole, and a
-- new owner needs no policy of its own.
-- Only what is missing is made, since making it locks the whole table.
-- To change a policy, drop it in a step of the history.
do $$
declare
  t record;
begin
  for t in
    select
      c.oid,
      c.oid::regclass as name,
      c.relrowsecurity as is_secured,
      case
        when c.relname in (
          'content', 'document', 'job', 'kept_reading', 'api_key', 'blob', 'file', 'upload',
          'response', 'idempotency', 'batch', 'webhook')
          then 'tenant = (select docproc.current_tenant())'
        when c.relname = 'content_piece'
          then 'exists (select from docproc.content t where t.id = content_id)'
        when c.relname in ('kept_state', 'kept_page')
          then 'exists (select from docproc.kept_reading r where r.id = reading_id)'
        when c.relname = 'blob_piece'
          then 'exists (select from docproc.blob b where b.id = blob_id)'
        when c.relname = 'file_blob'
          then 'exists (select from docproc.file f where f.id = file_id)'
        when c.relname = 'upload_part'
          then 'exists (select from docproc.upload u where u.id = upload_id)'
        when c.relname = 'batch_line'
          then 'exists (select from docproc.batch b where b.id = batch_id)'
        when c.relname = 'webhook_delivery'
          then 'exists (select from docproc.webhook w where w.id = webhook_id)'
        else 'exists (select from docproc.job j where j.id = job_id)'
      end as mine,
      c.relname in (
        'blob', 'blob_piece', 'file', 'file_blob', 'upload', 'upload_part', 'response',
        'idempotency', 'batch', 'batch_line', 'webhook') as is_written
    from pg_catalog.pg_class c
    where c.relnamespace = 'docproc'::regnamespace
      and c.relname in (
        'content', 'content_piece', 'document', 'job', 'job_state', 'ready', 'claim', 'reading', 'result',
        'checkpoint', 'checkpoint_page', 'event', 'kept_reading', 'kept_state', 'kept_page',
        'answer', 'api_key', 'blob', 'blob_piece', 'file', 'file_blob', 'upload', 'upload_part',
        'response', 'idempotency', 'batch', 'batch_line', 'webhook', 'webhook_delivery')
  loop
    if not t.is_secured then
      execute format('alter table %s enable row level security', t.name);
    end if;

    if not exists (
      select from pg_catalog.pg_policy p where p.polrelid = t.oid and p.polname = 'reader'
    ) then
      execute format(
        'create policy reader on %s for select to docproc_reader '
        'using ((select docproc.sees_all()) or %s)',
        t.name, t.mine);
    end if;

    if t.is_written and not exists (
      select from pg_catalog.pg_policy p where p.polrelid = t.oid and p.polname = 'coordinator'
    ) then
      execute format(
        'create policy coordinator on %s to docproc_coordinator using (%s) with check (%2$s)',
        t.name, t.mine);
    end if;
  end loop;
end $$;
