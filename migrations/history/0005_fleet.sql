-- What a fleet needs: tenants, wishes to a running worker, checkpoints, settings, history
-- in partitions.

-- Numbers that an operator may change; programs read them at every call.
create table docproc.setting (
  name text primary key,
  value text not null,
  meaning text not null
);
insert into docproc.setting values
  ('database', gen_random_uuid()::text, 'tells this database from others: results kept on a worker''s disk name it'),
  ('lease', '60 s', 'a worker that has not been heard of for this long is taken for dead'),
  ('stall', '15 min', 'a job whose worker lives but does no work for this long is given back'),
  ('most_crashes', '5', 'deaths over the same job after which it is failed'),
  ('preempt_after', '5 s', 'how long a more important job waits for an idle worker before it interrupts a reading'),
  ('most_document_bytes', '268435456', 'longer documents are refused'),
  ('keep_results', '', 'finished jobs with their results are deleted after this long; empty: never'),
  ('keep_events', '400 days', 'events are deleted after this long, by whole months; empty: never');

create function docproc.setting(wanted text)
returns text language sql stable set search_path = docproc, pg_temp as $$
  select nullif(value, '') from setting where name = wanted
$$;

-- The schema as its migration left it, for finding what was changed by hand since.
create table docproc.schema_line (
  line text not null
);

-- Whom a row belongs to: what row-level security goes by. A login role is its own tenant
-- unless docproc.member says otherwise.
create table docproc.member (
  role name primary key,
  tenant text not null
);

create function docproc.current_tenant()
returns text language sql stable set search_path = docproc, pg_temp as $$
  select coalesce((select m.tenant from member m where m.role = session_user), session_user::text)
$$;

alter table docproc.document add column tenant text;
update docproc.document set tenant = docproc.current_tenant();
alter table docproc.document alter column tenant set not null;
alter table docproc.document drop constraint document_sha256_name_key;
alter table docproc.document add constraint document_once_a_tenant unique (tenant, sha256, name);

alter table docproc.job add column tenant text;
alter table docproc.job add column deadline interval;
update docproc.job set tenant = docproc.current_tenant();
alter table docproc.job alter column tenant set not null;
alter table docproc.job drop constraint job_idempotency_key_key;
alter table docproc.job add constraint job_once_a_tenant unique (tenant, idempotency_key);
alter table docproc.job add constraint deadline_positive check (deadline > interval '0');
alter table docproc.job drop constraint question_with_ask;
-- A summary may be about a question.
alter table docproc.job add constraint question_with_ask check (
  (task <> 'ask' or question is not null) and (question is null or question ~ '\S'));

alter table docproc.job_state drop constraint state_is_known;
alter table docproc.job_state add constraint state_is_known
  check (state in ('available', 'running', 'paused', 'completed', 'failed', 'cancelled'));
-- Retention looks for these.
create index job_state_finished on docproc.job_state (finished_at) where finished_at is not null;

-- Claiming deletes rows here, thousands of times more often than in a usual table.
alter table docproc.ready set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

alter table docproc.worker add column models text[] not null default '{}';
alter table docproc.worker add column takes_paths boolean not null default false;

-- What the worker is wished to do, besides going on.
alter table docproc.claim add column wish text;
update docproc.claim set wish = 'cancel' where cancel_requested;
alter table docproc.claim drop column cancel_requested;
alter table docproc.claim add constraint wish_is_known check (wish in ('cancel', 'pause', 'preempt'));
-- Steps of any kind: tokens read or generated. A claim without new ones is stalled.
alter table docproc.claim add column work bigint not null default 0;
alter table docproc.claim add column worked_at timestamptz not null default clock_timestamp();
alter table docproc.claim add column resumed_from bigint not null default 0;
alter table docproc.claim add column reading_since timestamptz;

-- Where a reading can go on: its state after `tokens` of the document. One row a job,
-- replaced by each checkpoint; it goes when the job is finished.
create table docproc.checkpoint (
  job_id bigint primary key references docproc.job on delete cascade,
  fence bigint not null,
  key text not null,                        -- of document, model, task and format: another key's is of no use
  tokens bigint not null,
  seconds double precision not null,        -- read so far, by all workers
  number integer not null,                  -- checkpoints of this job so far
  isa text not null,                        -- the kernels that computed it
  state bytea not null,                     -- zstd
  raw_bytes bigint not null,
  sha256 text not null,                     -- of the raw bytes
  saved_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000);
alter table docproc.checkpoint alter column state set storage external;

-- What a checkpoint has that grows with the text, in pieces that are only added.
create table docproc.checkpoint_page (
  job_id bigint not null references docproc.job on delete cascade,
  first_token bigint not null,              -- counted with what stands before the document
  end_token bigint not null,
  data bytea not null,                      -- zstd
  raw_bytes bigint not null,
  sha256 text not null,
  primary key (job_id, first_token)
);
alter table docproc.checkpoint_page alter column data set storage external;

-- History grows for ever: by months, so that old ones go as a whole.
alter table docproc.event rename to event_before;
alter index docproc.event_job rename to event_before_job;
create table docproc.event (
  id bigint generated always as identity,
  job_id bigint not null,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  fence bigint,
  worker_id uuid,
  detail text
) partition by range (at);
create index event_job on docproc.event (job_id, id);
create table docproc.event_other partition of docproc.event default;

-- Makes the partitions of this month and the next; rows of others are in event_other.
create function docproc.make_event_partitions()
returns void language plpgsql set search_path = docproc, pg_temp as $$
declare
  month timestamptz := date_trunc('month', clock_timestamp());
  name text;
begin
  for round in 1..2 loop
    name := 'event_' || to_char(month at time zone 'UTC', 'YYYY_MM');
    if to_regclass('docproc.' || name) is null
      and not exists (select from event_other where at >= month and at < month + interval '1 month') then
      execute format('create table docproc.%I partition of docproc.event for values from (%L) to (%L)', name, month, month + interval '1 month');
    end if;
    month := month + interval '1 month';
  end loop;
end $$;
select docproc.make_event_partitions();
insert into docproc.event (job_id, at, kind, fence, worker_id, detail)
select job_id, at, kind, fence, worker_id, detail from docproc.event_before order by id;
drop table docproc.event_before;
