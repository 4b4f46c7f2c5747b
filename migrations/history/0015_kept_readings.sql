-- Readings are kept, to be asked again; one job may ask many questions; answers can be searched.

-- What a model remembers of a document, under one way of reading.
create table docproc.kept_reading (
  id bigint generated always as identity primary key,
  tenant text not null,
  document_id bigint not null references docproc.document on delete cascade,
  model text not null,
  model_sha256 text not null,
  kind text not null,                       -- of model, format and focus, in hex: states of one kind fit
  focus text,                               -- the question that it was made for; null: general
  fence bigint not null,                    -- of the claim whose pages these are
  made_at timestamptz not null default clock_timestamp(),
  unique (document_id, kind)
);
create index kept_reading_kind on docproc.kept_reading (tenant, kind);

-- The state after some of its tokens, the last after all.
create table docproc.kept_state (
  id bigint generated always as identity primary key,
  reading_id bigint not null references docproc.kept_reading on delete cascade,
  tokens bigint not null,                   -- of the document, that were read
  position bigint not null,                 -- with those before the document
  ids_sha256 text not null,                 -- of the ids up to there: the same ids give the same state
  is_end boolean not null,
  seconds double precision not null,        -- that reading took up to there
  isa text not null,
  state bytea not null,                     -- zstd
  raw_bytes bigint not null,
  sha256 text not null,                     -- of the raw bytes
  bytes bigint not null,                    -- of the compressed state
  asked bigint not null default 0,          -- times that something went on from it
  made_at timestamptz not null default clock_timestamp(),
  used_at timestamptz not null default clock_timestamp(),
  unique (reading_id, tokens)
);
alter table docproc.kept_state alter column state set storage external;

-- What grew with the text, as pages of a checkpoint.
create table docproc.kept_page (
  reading_id bigint not null references docproc.kept_reading on delete cascade,
  first_token bigint not null,
  end_token bigint not null,
  data bytea not null,
  raw_bytes bigint not null,
  sha256 text not null,
  bytes bigint not null generated always as (octet_length(data)) stored,
  primary key (reading_id, first_token)
);
alter table docproc.kept_page alter column data set storage external;

-- A tenant's own limit; null: the setting keep_readings_bytes.
alter table docproc.member add column keep_readings_bytes bigint;

insert into docproc.setting values
  ('keep_readings_bytes', '2147483648', 'bytes of kept readings that each tenant may have'),
  ('keep_readings', '30 days', 'kept readings that nobody asked for this long are deleted'),
  ('keep_readings_from', '5 s', 'readings that took less are not worth keeping');

-- Tokens that were not read anew, and whether the reading was kept for others.
alter table docproc.reading add column reused_tokens bigint not null default 0;
alter table docproc.reading add column kept boolean not null default false;

-- True for an answer that is to be checked; null from earlier workers.
alter table docproc.result add column uncertain boolean;

-- Of a job that asks many questions: one row each, as soon as it is there.
create table docproc.answer (
  job_id bigint not null references docproc.job on delete cascade,
  ordinal integer not null,
  key text,                                 -- of document, model and how it is answered
  id text not null,                         -- as the order names the question
  question text not null,
  answer text not null,
  answered_from text,
  supported boolean not null,
  uncertain boolean not null,
  evidence jsonb not null,
  primary key (job_id, ordinal)
);

-- Answers and the words of quotes, without paths and headings.
create index result_words on docproc.result using gin ((
  to_tsvector('simple', answer) || jsonb_to_tsvector(
    'simple', jsonb_path_query_array(evidence, '$[*].quote'), '["string"]')));
create index answer_words on docproc.answer using gin ((
  to_tsvector('simple', answer) || jsonb_to_tsvector(
    'simple', jsonb_path_query_array(evidence, '$[*].quote'), '["string"]')));
