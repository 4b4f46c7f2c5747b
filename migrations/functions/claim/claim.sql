-- Gives a worker the next jobs it can run, each with a new fence.
-- Workers call it; it returns a row for each job, none without work.
-- Higher priorities go first, then older jobs, and never more than `most`.
-- With `takes_paths` the worker also runs models that are given by path.
-- Of a text in several pieces it gives the first; docproc.load_text gives the others.
-- Claims which it still holds are given back first: their answer got lost.
-- It locks the jobs' places in the queue, and skips those locked by others.
create or replace function docproc.claim(
  claiming_worker uuid,
  models text[],
  takes_paths boolean default true,
  most integer default 1
)
returns table (
  job_id bigint,
  fence bigint,
  task text,
  question text,
  model text,
  parameters jsonb,
  document_name text,
  document_text text,
  document_pieces integer,
  document_parts jsonb,
  document_sha256 text,
  document_bytes bigint
)
language plpgsql
-- One plan for all sizes: by indexes, whatever the statistics say.
-- They lag behind while tables fill or empty.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
begin
  perform release(c.job_id, c.fence)
  from claim c
  where c.worker_id = claiming_worker;

  return query
    -- Materialized, since a plan without that might apply the limit more than once.
    with candidates as materialized (
      -- Of each model by itself: what waits for others costs nothing. Some more than wanted, since
      -- other claims may take them first.
      select c.job_id
      from unnest(models) m (model)
      cross join lateral (
        select n.job_id
        from ready n
        where n.model = m.model
          and n.available_at <= clock_timestamp()
        order by n.priority desc, n.available_at, n.job_id
        limit most + 100
      ) c
      union all
      (
        select n.job_id
        from ready n
        where takes_paths
          and n.model like '%/%'
          and n.available_at <= clock_timestamp()
        order by n.priority desc, n.available_at, n.job_id
        limit most + 100
      )
    ),
    chosen as materialized (
      select n.job_id, n.priority, n.available_at
      from candidates c
      join ready n on n.job_id = c.job_id
      order by n.priority desc, n.available_at, n.job_id
      for update of n skip locked
      limit most
    ),
    taken as (
      delete from ready r
      using chosen c
      where r.job_id = c.job_id
      returning r.job_id
    ),
    given as (
      insert into claim as k (job_id, fence, worker_id)
      select t.job_id, nextval('docproc.fence'), claiming_worker
      from taken t
      returning k.job_id, k.fence
    ),
    begun as (
      update job_state s
      set
        state = 'running',
        attempts = s.attempts + 1,
        started_at = clock_timestamp(),
        error = null
      from given g
      where s.job_id = g.job_id
    ),
    noted as (
      insert into event (job_id, kind, fence, worker_id)
      select g.job_id, 'claimed', g.fence, claiming_worker
      from given g
    )
    select
      j.id,
      g.fence,
      j.task,
      j.question,
      j.model,
      j.parameters,
      d.name,
      p.text,
      t.pieces,
      d.parts,
      d.sha256,
      d.bytes
    from given g
    join chosen c on c.job_id = g.job_id
    join job j on j.id = g.job_id
    join document d on d.id = j.document_id
    join content t on t.id = d.content_id
    join content_piece p on p.content_id = d.content_id and p.number = 0
    order by c.priority desc, c.available_at, c.job_id;

  if not found then
    update worker w
    set is_idle = true
    where w.id = claiming_worker
      and not w.is_idle;
    return;
  end if;

  update worker w
  set is_idle = false
  where w.id = claiming_worker
    and w.is_idle;

  -- There may be more than the one that was woken can do: it wakes the next.
  perform wake(w.model)
  from (
    select m.model
    from unnest(models) m (model)
    where exists (
      select
      from ready n
      where n.model = m.model
        and n.available_at <= clock_timestamp()
    )
    union
    (
      select n.model
      from ready n
      where takes_paths
        and n.model like '%/%'
        and n.available_at <= clock_timestamp()
      limit 1
    )
  ) w;
end $$;
