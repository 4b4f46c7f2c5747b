-- What the schema was made from, and when its upkeep was last done.

-- Of the step's text, in hex; null where nobody recorded it yet.
alter table docproc.migration add column if not exists sha256 text;

-- Files that are applied again whenever they change: functions, views and rights.
create table docproc.object (
  path text primary key,
  sha256 text not null,                     -- of the file's text, in hex
  applied_at timestamptz not null default clock_timestamp()
);

-- One sweeper at a time, and only as often as needed.
create table docproc.upkeep (
  name text primary key,
  done_at timestamptz not null
);
insert into docproc.upkeep (name, done_at) values
  ('sweep', '-infinity'),
  ('forget_old', '-infinity');
