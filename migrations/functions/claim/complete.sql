-- Stores results with their figures, and completes their jobs, many at once.
-- Workers call it; it returns one boolean for each offer, in their order.
-- An offer is refused when its claim was lost, whatever becomes of the others.
-- An offer that was accepted before is accepted again, without any effect.
-- That helps workers to which the first answer got lost on the way.
-- Offers: [{job, fence, worker, model, model_sha256, answer, supported, uncertain, evidence,
-- outline, extraction, fields, calls, answers, figures, tokens, payload (zstd, in base64), raw_bytes, sha256}].
-- It locks each claim, and waits for a checkpoint being saved under it.
create or replace function docproc.complete(offers jsonb)
returns setof boolean
language plpgsql
-- One plan for all sizes: by indexes, whatever the statistics say.
-- They lag behind while tables fill or empty.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  return query
    with offer as materialized (
      select e.ordinality as place, r.*
      from jsonb_array_elements(offers) with ordinality e,
        jsonb_to_record(e.value) as r (
          job bigint,
          fence bigint,
          worker text,
          model text,
          model_sha256 text,
          answer text,
          answered_from text,
          supported boolean,
          uncertain boolean,
          evidence jsonb,
          outline jsonb,
          extraction jsonb,
          fields jsonb,
          calls jsonb,
          answers jsonb,
          figures jsonb,
          tokens bigint,
          payload text,
          raw_bytes bigint,
          sha256 text)
    ),
    ended as (
      delete from claim c
      using offer o
      where c.job_id = o.job
        and c.fence = o.fence
      returning o.*
    ),
    read as (
      insert into reading (
        job_id, fence, passes, document_tokens, tokens_read, seconds, tokens_per_second,
        peak_rss_bytes, checkpoints, resumed_from, focus, reused_tokens, kept)
      select
        n.job,
        n.fence,
        f.passes,
        n.tokens,
        f.tokens_read,
        f.seconds,
        f.tokens_per_second,
        f.peak_rss_bytes,
        f.checkpoints,
        f.resumed_from,
        f.focus,
        coalesce(f.reused_tokens, 0),
        coalesce(f.kept, false)
      from ended n,
        jsonb_to_record(n.figures) as f (
          passes integer,
          tokens_read bigint,
          seconds float8,
          tokens_per_second float8,
          peak_rss_bytes bigint,
          checkpoints integer,
          resumed_from bigint,
          focus text,
          reused_tokens bigint,
          kept boolean)
    ),
    stored as (
      insert into result (
        job_id, fence, worker, model_name, model_sha256, answer, answered_from, supported,
        uncertain, evidence, outline, extraction, fields, calls, payload, payload_codec, payload_raw_bytes, payload_sha256)
      select
        n.job,
        n.fence,
        n.worker,
        n.model,
        n.model_sha256,
        n.answer,
        n.answered_from,
        n.supported,
        n.uncertain,
        n.evidence,
        n.outline,
        n.extraction,
        n.fields,
        n.calls,
        decode(n.payload, 'base64'),
        'zstd',
        n.raw_bytes,
        n.sha256
      from ended n
    ),
    answered as (
      insert into answer as w (
        job_id, ordinal, id, question, answer, answered_from, supported, uncertain, evidence,
        extraction, fields)
      select
        n.job,
        a.ordinality,
        a.value ->> 'id',
        a.value ->> 'question',
        a.value ->> 'answer',
        a.value ->> 'answered_from',
        (a.value ->> 'supported')::boolean,
        coalesce((a.value ->> 'uncertain')::boolean, false),
        a.value -> 'evidence',
        a.value -> 'extraction',
        a.value -> 'fields'
      from ended n
      cross join jsonb_array_elements(n.answers) with ordinality a
      on conflict (job_id, ordinal) do update
      set
        id = excluded.id,
        question = excluded.question,
        answer = excluded.answer,
        answered_from = excluded.answered_from,
        supported = excluded.supported,
        uncertain = excluded.uncertain,
        evidence = excluded.evidence,
        extraction = excluded.extraction,
        fields = excluded.fields
    ),
    stated as (
      update job_state s
      set state = 'completed', error = null, finished_at = clock_timestamp()
      from ended n
      where s.job_id = n.job
    ),
    noted as (
      insert into event (job_id, kind, fence)
      select n.job, 'completed', n.fence
      from ended n
    )
    select
      n.job is not null
      or exists (
        select
        from result r
        where r.job_id = o.job
          and r.fence = o.fence
          and r.payload_sha256 = o.sha256
      )
    from offer o
    left join ended n on n.place = o.place
    order by o.place;

  -- Checkpoints go in a statement of their own, which begins after the one above.
  -- That one may wait for a checkpoint being saved, but sees no new row.
  -- A job that another worker has, or that waits, keeps its own.
  -- Pages go with their checkpoint: there are none without one.
  with done as (
    delete from checkpoint k
    using jsonb_array_elements(offers) e
    where k.job_id = (e.value ->> 'job')::bigint
      and exists (select from result r where r.job_id = k.job_id)
    returning k.job_id
  )
  delete from checkpoint_page p
  using done d
  where p.job_id = d.job_id;

  perform pg_notify('docproc_finished', '');
end $$;
