-- What running a fleet for long needs: outages, poison, models that nobody has, copies, backups.

-- Worker processes that ended over a job, and times that its model was nowhere to be found.
alter table docproc.job_state add column deaths integer not null default 0;
alter table docproc.job_state add column misses integer not null default 0;

-- The host's boot and process name space: who shares it can tell whether a process lives.
alter table docproc.worker add column place text;

-- When sweeping began after its last gap; nobody is taken for dead before a lease has passed.
alter table docproc.upkeep add column since timestamptz not null default '-infinity';

-- A tenant's own limit; null: the setting most_priority.
alter table docproc.member add column most_priority integer;

insert into docproc.setting values
  ('most_deaths', '2', 'worker processes that may end over a job before it is set aside'),
  ('most_misses', '20', 'times that a job may find no worker with its model before it fails'),
  ('most_priority', '1000', 'the highest priority that a tenant may give a job'),
  ('checkpoint_floor', '30 s', 'checkpoints of a reading lie at least this far apart'),
  ('checkpoint_ceiling', '10 min', 'checkpoints of a reading lie at most this far apart'),
  ('home', '', 'where this database was when its identity was made; a copy gets a new one');

-- Claims look for each model by itself: jobs of others stand in nobody's way.
create index ready_by_model on docproc.ready (model, priority desc, available_at, job_id);
create index ready_by_path on docproc.ready (priority desc, available_at, job_id)
  where model like '%/%';
drop index docproc.ready_order;

-- Lists look for the newest jobs in a state.
create index job_state_by_state on docproc.job_state (state, job_id);

-- Row security that is forced needs a policy that names the owner: dumps by the owner then fail,
-- and a new owner sees nothing. Owners are not bound by it anyway.
do $$
declare
  t regclass;
begin
  for t in
    select p.polrelid
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    where p.polname = 'owner'
      and c.relnamespace = 'docproc'::regnamespace
  loop
    execute format('drop policy owner on %s', t);
    execute format('alter table %s no force row level security', t);
  end loop;
end $$;

-- A superuser was told to call it: its owner could have made anything of it.
drop function docproc.install_decoder();
delete from docproc.object where path = 'functions/payload/install_decoder.sql';
do $$
begin
  if to_regprocedure('docproc.zstd_decode(bytea, bigint)') is not null then
    revoke all on function docproc.zstd_decode(bytea, bigint) from public;
  end if;
exception when insufficient_privilege then null;
end $$;

-- A login role is its own tenant: a tenant's name is a role's, and nobody else's.
create function docproc.tenant_is_role()
returns trigger language plpgsql as 'begin return new; end';
create trigger tenant_is_role before insert or update on docproc.member
  for each row execute function docproc.tenant_is_role();

-- Hosts and processes are not every tenant's business: the view shows what is.
revoke select on docproc.worker from docproc_reader;
