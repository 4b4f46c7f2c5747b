-- A job's end takes with it the first checkpoint that was being saved meanwhile. Within one statement all parts
-- see what there was when it began: the claim's deletion waits for the saving transaction, but the row that
-- this one inserts was invisible to a deletion beside it, and stayed for good. So the
-- checkpoints go in a statement of their own. Otherwise as before.
create or replace function docproc.complete(offers jsonb)
returns setof boolean language plpgsql security definer set search_path = docproc, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
begin
  return query
    with offer as materialized (
      select e.ordinality as place, r.* from jsonb_array_elements(offers) with ordinality e,
        jsonb_to_record(e.value) as r (job bigint, fence bigint, worker text, model text, model_sha256 text, answer text, supported boolean,
          evidence jsonb, figures jsonb, tokens bigint, payload text, raw_bytes bigint, sha256 text)),
    ended as (delete from claim c using offer o where c.job_id = o.job and c.fence = o.fence returning o.*),
    read as (
      insert into reading select n.job, n.fence, (f.passes), n.tokens, f.tokens_read, f.seconds, f.tokens_per_second, f.peak_rss_bytes,
        f.checkpoints, f.resumed_from
      from ended n, jsonb_to_record(n.figures) as f (passes integer, tokens_read bigint, seconds float8, tokens_per_second float8,
        peak_rss_bytes bigint, checkpoints integer, resumed_from bigint)),
    stored as (
      insert into result (job_id, fence, worker, model_name, model_sha256, answer, supported, evidence,
        payload, payload_codec, payload_raw_bytes, payload_sha256)
      select n.job, n.fence, n.worker, n.model, n.model_sha256, n.answer, n.supported, n.evidence,
        decode(n.payload, 'base64'), 'zstd', n.raw_bytes, n.sha256 from ended n),
    stated as (update job_state s set state = 'completed', error = null, finished_at = clock_timestamp() from ended n where s.job_id = n.job),
    noted as (insert into event (job_id, kind, fence) select n.job, 'completed', n.fence from ended n)
    select n.job is not null or exists (
      select from result r where r.job_id = o.job and r.fence = o.fence and r.payload_sha256 = o.sha256)
    from offer o left join ended n on n.place = o.place order by o.place;
  -- A page is never without a checkpoint. A job that another worker has, or that waits, keeps its own.
  with done as (
    delete from checkpoint k using jsonb_array_elements(offers) e
    where k.job_id = (e.value ->> 'job')::bigint and exists (select from result r where r.job_id = k.job_id)
    returning k.job_id)
  delete from checkpoint_page p using done d where p.job_id = d.job_id;
  perform pg_notify('docproc_finished', '');
end $$;

-- What was left that way.
delete from docproc.checkpoint_page p where exists (select from docproc.result r where r.job_id = p.job_id)
  and not exists (select from docproc.claim c where c.job_id = p.job_id);
delete from docproc.checkpoint k where exists (select from docproc.result r where r.job_id = k.job_id)
  and not exists (select from docproc.claim c where c.job_id = k.job_id);
