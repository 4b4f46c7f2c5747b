-- Makes a job about a document, unless the same was ordered before.
-- Other functions call it, after check_order; it returns the job's id, and whether it is new.
-- It wakes a worker at the commit.
create or replace function docproc.order_job(
  owner text,
  document bigint,
  task text,
  question text,
  model text,
  priority integer,
  parameters jsonb,
  again boolean,
  key text,
  deadline interval
)
returns table (job_id bigint, created boolean)
language plpgsql
as $$
declare
  job bigint;
  identity text := case
    when again then null
    when key is not null then 'key:' || key
    else encode(sha256(convert_to(
      jsonb_build_array(
        document, order_job.task, order_job.question, order_job.model, order_job.parameters)::text,
      'UTF8')), 'hex')
  end;
begin
  insert into job as j (
    tenant, document_id, task, question, model, priority, parameters, idempotency_key, deadline)
  values (
    owner, document, order_job.task, order_job.question, order_job.model, order_job.priority,
    order_job.parameters, identity, order_job.deadline)
  on conflict (tenant, idempotency_key) do nothing
  returning j.id into job;

  if job is null then
    -- Who orders it so wants it whatever becomes of requests that wait for it too.
    if coalesce(current_setting('docproc.tenant', true), '') = '' then
      update job j
      set is_direct = true
      where j.tenant = owner
        and j.idempotency_key = identity
        and not j.is_direct;
    end if;

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
  values (job, order_job.model, order_job.priority);

  perform record_event(job, 'submitted');
  perform wake(order_job.model);
  return query select job, true;
end $$;
