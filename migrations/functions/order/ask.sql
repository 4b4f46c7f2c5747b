-- Orders the answer to a question about a document that is here: of a job, or by its own id.
-- Submitters call it; it returns the new job's id, and whether it is new.
-- Model and parameters are the earlier job's where none are given, but for what it asked.
-- It raises no_data_found unless the caller may know of the job or the document.
create or replace function docproc.ask(
  question text,
  job bigint default null,
  document bigint default null,
  model text default null,
  priority integer default 0,
  parameters jsonb default null,
  again boolean default false
)
returns table (job_id bigint, created boolean)
language plpgsql
as $$
declare
  asked record;
begin
  if job is not null then
    perform require_job(job);
  end if;

  select
    d.id, d.tenant, d.name, t.bytes, t.scalars, j.model,
    coalesce(ask.parameters, j.parameters - 'questions' - 'turns', '{}') as parameters
  into asked
  from document d
  join content t on t.id = d.content_id
  left join job j on j.id = ask.job
  where d.id = coalesce(ask.document, j.document_id)
    and (d.tenant = current_tenant() or sees_all())
  for key share of d;

  if not found then
    raise exception 'there is no document %', coalesce(document::text, 'named')
      using errcode = 'no_data_found', hint = 'Name a job, or a document of docproc.readings.';
  end if;

  perform check_order(
    asked.name, asked.bytes, asked.scalars, false, null, ask.question, ask.model, ask.priority,
    asked.parameters, null);

  return query
    select o.job_id, o.created
    from order_job(
      asked.tenant, asked.id, 'ask', ask.question,
      coalesce(ask.model, asked.model, 'smollm2-135m'), ask.priority, asked.parameters,
      ask.again,
      null, null) o;
end $$;
