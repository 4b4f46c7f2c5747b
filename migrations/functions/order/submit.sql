-- Orders a job: a document, and the task to be done with it.
-- Submitters call it; it returns the job's id, and whether the job is new.
-- The same order given again by the same tenant is the same job.
-- Orders with a key are the same order if they have the same key.
-- Without a key, document, task, question, model and parameters decide it.
-- With `again` the order makes a new job in any case.
-- It is part of the caller's transaction: a rollback takes the order back.
-- Until that transaction ends, the same order from somebody else waits for it.
create or replace function docproc.submit(
  document_name text,
  document_text text,
  parts jsonb default null,
  task text default 'summarize',
  question text default null,
  model text default 'smollm2-135m',
  priority integer default 0,
  parameters jsonb default '{}',
  again boolean default false,
  key text default null,
  deadline interval default null
)
returns table (job_id bigint, created boolean)
language plpgsql
as $$
declare
  digest text;
  owner text := current_tenant();
  identity text;
  document bigint;
  job bigint;
begin
  perform check_order(
    document_name, document_text, submit.parts, submit.question, submit.model, submit.priority,
    submit.parameters, submit.key);
  digest := encode(sha256(convert_to(document_text, 'UTF8')), 'hex');

  -- Somebody may remove the same document meanwhile: then it is stored anew.
  loop
    insert into document as d (tenant, name, sha256, text, bytes, parts)
    values (
      owner,
      document_name,
      digest,
      document_text,
      octet_length(document_text),
      coalesce(
        submit.parts,
        jsonb_build_array(jsonb_build_object(
          'path', document_name, 'start', 0, 'length', char_length(document_text)))))
    on conflict (tenant, sha256, name) do nothing
    returning d.id into document;

    exit when document is not null;

    select d.id into document
    from document d
    where d.tenant = owner
      and d.sha256 = digest
      and d.name = document_name
    for key share;

    exit when document is not null;
  end loop;

  identity := case
    when again then null
    when key is not null then 'key:' || key
    else encode(sha256(convert_to(
      jsonb_build_array(
        document, submit.task, submit.question, submit.model, submit.parameters)::text,
      'UTF8')), 'hex')
  end;

  insert into job as j (
    tenant, document_id, task, question, model, priority, parameters, idempotency_key, deadline)
  values (
    owner, document, submit.task, submit.question, submit.model, submit.priority,
    submit.parameters, identity, submit.deadline)
  on conflict (tenant, idempotency_key) do nothing
  returning j.id into job;

  if job is null then
    return query
      select j.id, false
      from job j
      where j.tenant = owner
        and j.idempotency_key = identity;
    return;
  end if;

  insert into job_state (job_id, state)
  values (job, 'available');

  insert into ready (job_id, model, priority)
  values (job, submit.model, submit.priority);

  perform record_event(job, 'submitted');
  perform pg_notify('docproc_ready', '');
  return query select job, true;
end $$;
