-- The HTTP service: keys, files as they were uploaded, batches, responses and webhooks.

-- Who acts for the holders of API keys. It may act for any tenant, and for one at a time: a
-- transaction says in docproc.tenant for whom.
do $$
begin
  if not exists (select from pg_catalog.pg_roles r where r.rolname = 'docproc_coordinator') then
    create role docproc_coordinator nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;  -- another database's migrator was faster
  when insufficient_privilege then
    raise exception 'the role docproc_coordinator does not exist, and % may not create it',
      current_user
      using
        errcode = 'insufficient_privilege',
        hint = 'As a superuser: create role docproc_coordinator; '
          'grant docproc_submitter, docproc_reader to docproc_coordinator;';
end $$;

do $$
begin
  if not pg_has_role('docproc_coordinator', 'docproc_submitter', 'member')
    or not pg_has_role('docproc_coordinator', 'docproc_reader', 'member')
  then
    grant docproc_submitter, docproc_reader to docproc_coordinator;
  end if;
exception
  when insufficient_privilege then
    raise exception 'docproc_coordinator lacks roles, and % may not grant them', current_user
      using
        errcode = 'insufficient_privilege',
        hint = 'As a superuser: grant docproc_submitter, docproc_reader to docproc_coordinator;';
end $$;

create table docproc.api_key (
  id text primary key,
  tenant text not null,
  name text not null default '',
  sha256 text not null unique,              -- of the key, which stands nowhere
  hint text not null,                       -- its first letters, for people
  scopes text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  used_at timestamptz,
  revoked_at timestamptz,
  constraint scopes_are_known check (scopes <@ array['read', 'submit', 'admin'] and scopes <> '{}')
);
create index api_key_tenant on docproc.api_key (tenant);

-- Bytes as they came. Without a file or a part they are being uploaded, or were left behind.
create table docproc.blob (
  id bigint generated always as identity primary key,
  tenant text not null default docproc.current_tenant(),
  bytes bigint not null default 0,
  pieces integer not null default 0,
  created_at timestamptz not null default clock_timestamp()
);

-- One behind the other, from 0, they are the bytes.
create table docproc.blob_piece (
  blob_id bigint not null references docproc.blob on delete cascade,
  number integer not null,
  data bytea not null,
  primary key (blob_id, number)
);
alter table docproc.blob_piece alter column data set compression lz4;

-- A file of the Files API: a document, or the lines of a batch.
create table docproc.file (
  id text primary key,
  tenant text not null default docproc.current_tenant(),
  filename text not null,
  purpose text not null,
  bytes bigint not null,
  sha256 text not null,
  status text not null,
  error text,                               -- why no text could be taken out of it
  notes jsonb not null default '[]',        -- what of it is not in the text
  document_id bigint references docproc.document,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  constraint status_is_known check (status in ('uploaded', 'processed', 'error'))
);
create index file_tenant on docproc.file (tenant, created_at desc, id);
create index file_document on docproc.file (document_id);
create index file_expires on docproc.file (expires_at) where expires_at is not null;

-- The blobs that a file consists of, one behind the other.
create table docproc.file_blob (
  file_id text not null references docproc.file on delete cascade,
  ordinal integer not null,
  blob_id bigint not null unique references docproc.blob,
  primary key (file_id, ordinal)
);

-- A file that comes in parts, in any order.
create table docproc.upload (
  id text primary key,
  tenant text not null default docproc.current_tenant(),
  filename text not null,
  purpose text not null,
  mime_type text not null,
  bytes bigint not null,
  status text not null default 'pending',
  file_id text references docproc.file on delete set null,
  file_expires_after interval,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  constraint status_is_known check (status in ('pending', 'completed', 'cancelled'))
);

create table docproc.upload_part (
  id text primary key,
  upload_id text not null references docproc.upload on delete cascade,
  blob_id bigint not null unique references docproc.blob,
  bytes bigint not null,
  created_at timestamptz not null default clock_timestamp()
);
create index upload_part_upload on docproc.upload_part (upload_id);

-- What a request was answered by: a job, under the request's own id.
create table docproc.response (
  id text primary key,
  tenant text not null default docproc.current_tenant(),
  job_id bigint not null references docproc.job on delete cascade,
  previous_id text,
  request jsonb not null,                   -- without the texts
  created_at timestamptz not null default clock_timestamp(),
  cancelled_at timestamptz
);
create index response_job on docproc.response (job_id);

-- What a request with an Idempotency-Key was answered by.
create table docproc.idempotency (
  tenant text not null default docproc.current_tenant(),
  key text not null,
  request_sha256 text not null,
  answer text,                              -- an id; null while the first is at work
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant, key)
);

create table docproc.batch (
  id text primary key,
  tenant text not null default docproc.current_tenant(),
  endpoint text not null,
  input_file_id text not null,
  completion_window text not null,
  metadata jsonb,
  model text,
  status text not null default 'validating',
  errors jsonb,                             -- [{code, line, message, param}]
  total integer not null default 0,
  ordered integer not null default 0,       -- lines that are jobs, or errors
  output_file_id text,
  error_file_id text,
  output_expires_after interval,
  held_until timestamptz not null default '-infinity',  -- by the coordinator that brings it on
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  in_progress_at timestamptz,
  finalizing_at timestamptz,
  completed_at timestamptz,
  failed_at timestamptz,
  expired_at timestamptz,
  cancelling_at timestamptz,
  cancelled_at timestamptz,
  constraint status_is_known check (status in (
    'validating', 'failed', 'in_progress', 'finalizing', 'completed', 'expired', 'cancelling',
    'cancelled'))
);
create index batch_tenant on docproc.batch (tenant, created_at desc, id);
create index batch_open on docproc.batch (created_at)
  where status in ('validating', 'in_progress', 'finalizing', 'cancelling');

create table docproc.batch_line (
  batch_id text not null references docproc.batch on delete cascade,
  line integer not null,                    -- from 1
  custom_id text not null,
  request_id text not null,
  job_id bigint references docproc.job on delete set null,
  error jsonb,                              -- {code, message}: of the line, before any job
  primary key (batch_id, line)
);
create index batch_line_job on docproc.batch_line (job_id);

create table docproc.webhook (
  id text primary key,
  tenant text not null default docproc.current_tenant(),
  url text not null,
  secret text not null,                     -- deliveries are signed with it
  events text[] not null,
  created_at timestamptz not null default clock_timestamp()
);
create index webhook_tenant on docproc.webhook (tenant);

-- An event on its way to a webhook: tried again until it is taken, or given up.
create table docproc.webhook_delivery (
  id text primary key,
  webhook_id text not null references docproc.webhook on delete cascade,
  type text not null,
  body text not null,
  attempts integer not null default 0,
  next_at timestamptz default clock_timestamp(),  -- null: no more
  delivered_at timestamptz,
  error text,
  created_at timestamptz not null default clock_timestamp()
);
create index webhook_delivery_next on docproc.webhook_delivery (next_at) where next_at is not null;

-- What workers have had, also those that are gone: a job for one of these is worth waiting.
create table docproc.model (
  name text primary key,
  created_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp()
);
insert into docproc.model (name)
select distinct m from docproc.worker w, unnest(w.models) m;

insert into docproc.setting values
  ('most_file_bytes', '536870912', 'larger uploads are refused'),
  ('most_stored_bytes', '53687091200', 'bytes of uploaded files that each tenant may have'),
  ('most_queued_tokens', '100000000', 'tokens, about, that each tenant may have waiting to be read'),
  ('most_requests', '600', 'requests that each key may make in a minute'),
  ('keep_deliveries', '30 days', 'deliveries of webhooks are deleted after this long');

-- A conversation without a document: the model goes on from what was said.
alter table docproc.job drop constraint task_is_known;
alter table docproc.job add constraint task_is_known check (task in ('summarize', 'ask', 'chat'));

-- False where only responses and batches wait for it: then it stops with the last of them.
alter table docproc.job add column is_direct boolean not null default true;

-- Of the request that ordered it, in the form of W3C's Trace Context; null: it is not traced.
alter table docproc.job add column traceparent text;
alter table docproc.job add column traced_at timestamptz;
create index job_untraced on docproc.job (id) where traceparent is not null and traced_at is null;

-- Who sizes a fleet: it may ask how many workers there is work for, and nothing else.
do $$
begin
  if not exists (select from pg_catalog.pg_roles r where r.rolname = 'docproc_scaler') then
    create role docproc_scaler nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    raise exception 'the role docproc_scaler does not exist, and % may not create it', current_user
      using
        errcode = 'insufficient_privilege',
        hint = 'As a superuser: create role docproc_scaler;';
end $$;

-- Whatever ends a job tells the webhooks that want to know.
create function docproc.job_has_ended()
returns trigger language plpgsql as 'begin return new; end';
create trigger job_has_ended after update on docproc.job_state
  for each row when (new.finished_at is not null and old.finished_at is null)
  execute function docproc.job_has_ended();
