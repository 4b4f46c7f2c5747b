-- Orders a job about a document that was uploaded in pieces, or that is here already.
-- Submitters call it as they call docproc.submit, with the SHA-256 of the text's UTF-8 bytes.
-- Without an upload it returns no row where the tenant has no such document by this name.
-- A worker compares the digest: with a wrong one the job fails.
-- Until the transaction ends, the same order from somebody else waits for it.
create or replace function docproc.submit_upload(
  document_name text,
  document_sha256 text,
  upload bigint default null,
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
  given record;
  document bigint;
begin
  if (document_sha256 ~ '^[0-9a-f]{64}$') is not true then
    raise exception 'the SHA-256 is no 64 hexadecimal digits'
      using errcode = 'invalid_parameter_value';
  end if;

  select c.* into given
  from content c
  where c.id = coalesce(
    upload,
    (
      select d.content_id
      from document d
      where d.tenant = owner
        and d.sha256 = document_sha256
        and d.name = document_name
    ))
    and c.tenant = owner
  for update;

  if found then
    perform check_order(
      document_name, given.bytes, given.scalars, given.is_blank, submit_upload.parts,
      submit_upload.question, submit_upload.model, submit_upload.priority,
      submit_upload.parameters, submit_upload.key);
    document := store_document(
      owner, document_name, document_sha256, given.id, submit_upload.parts);
  end if;

  if document is null and upload is null then
    return;
  end if;

  if document is null then
    raise exception 'there is no upload %', upload
      using errcode = 'no_data_found', hint = 'Begin one with docproc.begin_upload().';
  end if;

  return query
    select o.job_id, o.created
    from order_job(
      owner, document, submit_upload.task, submit_upload.question, submit_upload.model,
      submit_upload.priority, submit_upload.parameters, again, key, submit_upload.deadline) o;
end $$;
