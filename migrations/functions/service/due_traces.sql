-- Gives a coordinator finished jobs whose traces were not told yet, of all tenants; each once.
-- Coordinators call it; it locks the jobs' rows, and skips those locked by others.
create or replace function docproc.due_traces(most integer default 50)
returns table (
  job bigint,
  parent text,
  task text,
  model text,
  state text,
  problem text,
  worker text,
  document_bytes bigint,
  tokens_read bigint,
  ordered_at float8,
  claimed_at float8,
  read_seconds float8,
  finished_at float8
)
language sql
as $$
  with told as (
    update job j
    set traced_at = clock_timestamp()
    from (
      select e.id
      from job e
      join job_state s on s.job_id = e.id
      where e.traceparent is not null
        and e.traced_at is null
        and s.finished_at is not null
      limit most
      for update of e skip locked
    ) due
    where j.id = due.id
    returning j.*
  )
  select
    j.id,
    j.traceparent,
    j.task,
    j.model,
    s.state,
    s.error,
    o.worker,
    d.bytes,
    k.tokens_read,
    extract(epoch from j.created_at),
    extract(epoch from s.started_at),
    k.seconds,
    extract(epoch from s.finished_at)
  from told j
  join job_state s on s.job_id = j.id
  join document d on d.id = j.document_id
  left join reading k on k.job_id = j.id
  left join result o on o.job_id = j.id
$$;
