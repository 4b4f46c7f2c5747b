-- The queue's tables. What is immutable, what changes once a job, and what changes
-- every few seconds stand apart, so that heartbeats never bloat what people query.

create table docproc.document (
  id bigint generated always as identity primary key,
  name text not null,
  sha256 text not null,                     -- of the text's UTF-8 bytes
  text text not null,
  bytes bigint not null,
  parts jsonb not null,                     -- [{path, start, length}], in Unicode scalars
  created_at timestamptz not null default clock_timestamp(),
  unique (sha256, name)
);
alter table docproc.document alter column text set compression lz4;

-- An order: never changed once given.
create table docproc.job (
  id bigint generated always as identity primary key,
  document_id bigint not null references docproc.document,
  task text not null,
  question text,
  model text not null,
  priority integer not null default 0,
  parameters jsonb not null default '{}',
  max_attempts integer not null default 3,
  idempotency_key text unique,              -- null: never the same as another
  created_at timestamptz not null default clock_timestamp(),
  constraint task_is_known check (task in ('summarize', 'ask')),
  constraint question_with_ask check ((task = 'ask') = (question is not null and question ~ '\S')),
  constraint max_attempts_positive check (max_attempts > 0)
);
create index job_document on docproc.job (document_id);

-- Where a job stands. Attempts, crashes and releases are counted apart: only an error
-- of the job itself uses up an attempt.
create table docproc.job_state (
  job_id bigint primary key references docproc.job on delete cascade,
  state text not null,
  attempts integer not null default 0,
  crashes integer not null default 0,
  releases integer not null default 0,
  error text,
  started_at timestamptz,
  finished_at timestamptz,
  constraint state_is_known check (state in ('available', 'running', 'completed', 'failed', 'cancelled')),
  constraint finished_at_with_final_state check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null))
) with (fillfactor = 70);

-- Jobs that may be claimed; those whose time has not come are scheduled.
create table docproc.ready (
  job_id bigint primary key references docproc.job on delete cascade,
  model text not null,
  priority integer not null,
  available_at timestamptz not null default clock_timestamp()
);
create index ready_order on docproc.ready (priority desc, available_at, job_id);

-- One row per worker process, beaten every few seconds and nothing else.
create table docproc.worker (
  id uuid primary key,
  name text not null,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- The right to write about a job. A fence is new at every claim and never used again.
create sequence docproc.fence;
create table docproc.claim (
  job_id bigint primary key references docproc.job on delete cascade,
  fence bigint not null unique,
  worker_id uuid not null,
  claimed_at timestamptz not null default clock_timestamp(),
  tokens_done bigint not null default 0,
  tokens_total bigint not null default 0,
  cancel_requested boolean not null default false
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- What one reading took.
create table docproc.reading (
  job_id bigint primary key references docproc.job on delete cascade,
  fence bigint not null,
  passes integer not null,
  document_tokens bigint not null,
  tokens_read bigint not null,
  seconds double precision not null,
  tokens_per_second double precision not null,
  peak_rss_bytes bigint not null,
  checkpoints integer not null,
  resumed_from bigint
);

create table docproc.result (
  job_id bigint primary key references docproc.job on delete cascade,
  fence bigint not null,
  worker text not null,
  model_name text not null,
  model_sha256 text not null,
  answer text not null,
  supported boolean not null,
  evidence jsonb not null,                  -- [{start, end, quote, score}]
  payload bytea not null,                   -- the whole record, compressed
  payload_codec text not null,
  payload_raw_bytes bigint not null,
  payload_sha256 text not null,             -- of the raw bytes
  created_at timestamptz not null default clock_timestamp(),
  constraint codec_is_known check (payload_codec = 'zstd')
);
-- The payload is compressed already: TOAST need not try again.
alter table docproc.result alter column payload set storage external;
alter table docproc.result alter column evidence set compression lz4;

-- What happened to a job, for people and for tests.
create table docproc.event (
  id bigint generated always as identity primary key,
  job_id bigint not null references docproc.job on delete cascade,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  fence bigint,
  worker_id uuid,
  detail text
);
create index event_job on docproc.event (job_id, id);
