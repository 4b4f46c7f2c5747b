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
  owner text := current_tenant();
  digest text;
  stored bigint;
  document bigint;
begin
  perform check_order(
    document_name, octet_length(document_text), char_length(document_text),
    is_blank(document_text), submit.parts, submit.question, submit.model, submit.priority,
    submit.parameters, submit.key);
  digest := encode(sha256(convert_to(document_text, 'UTF8')), 'hex');

  -- What is here already is not written again.
  document := store_document(owner, document_name, digest, null, submit.parts);

  if document is null then
    insert into content (tenant, bytes, scalars, is_blank, pieces)
    values (owner, octet_length(document_text), char_length(document_text), false, 1)
    returning id into stored;

    insert into content_piece (content_id, number, text)
    values (stored, 0, document_text);

    document := store_document(owner, document_name, digest, stored, submit.parts);
  end if;

  return query
    select o.job_id, o.created
    from order_job(
      owner, document, submit.task, submit.question, submit.model, submit.priority,
      submit.parameters, again, key, submit.deadline) o;
end $$;
