-- Returns where jobs stand, as docproc.jobs shows it; those that the caller may not know of are
-- left out. Readers call it, many times a second: its plan is made once in a session, where the
-- view's would be made anew for every query. Times are texts in UTC. It locks nothing.
create or replace function docproc.job_status(jobs bigint[])
returns table (
  id bigint,
  state text,
  task text,
  question text,
  document text,
  document_sha256 text,
  document_bytes bigint,
  document_tokens bigint,
  model text,
  priority integer,
  tokens_read bigint,
  percent numeric,
  tokens_per_second numeric,
  eta_seconds bigint,
  checkpoint_tokens bigint,
  worker text,
  phase text,
  written_tokens bigint,
  written text,
  attempts integer,
  crashes integer,
  releases integer,
  error text,
  created_at text,
  started_at text,
  finished_at text
)
language plpgsql
stable
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  owner text := case when not sees_all() then current_tenant() end;
  form constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
begin
  return query
    select
      v.id,
      v.state,
      v.task,
      v.question,
      v.document,
      v.document_sha256,
      v.document_bytes,
      v.document_tokens,
      v.model,
      v.priority,
      v.tokens_read,
      v.percent,
      v.tokens_per_second,
      extract(epoch from v.eta)::bigint,
      v.checkpoint_tokens,
      v.worker,
      v.phase,
      v.written_tokens,
      v.written,
      v.attempts,
      v.crashes,
      v.releases,
      v.error,
      to_char(v.created_at at time zone 'UTC', form),
      to_char(v.started_at at time zone 'UTC', form),
      to_char(v.finished_at at time zone 'UTC', form)
    from docproc.jobs v
    where v.id = any (job_status.jobs)
      and (owner is null or v.tenant = owner)
    order by v.id desc;
end $$;
