-- Finds answers, summaries and quotes with all of these words, or words that begin with them.
-- Readers call it; only their own tenant's are found. The best come first.
create or replace function docproc.search(words text, most integer default 20)
returns table (job_id bigint, document text, question text, found_in text, snippet text, rank real)
language plpgsql
stable
as $$
declare
  owner text := current_tenant();
  all_tenants boolean := sees_all();
  wanted tsquery;
begin
  select to_tsquery('simple', string_agg(quote_literal(w.lexeme) || ':*', ' & ')) into wanted
  from unnest(to_tsvector('simple', words)) w;

  if wanted is null or numnode(wanted) = 0 then
    raise exception 'there is no word to look for'
      using errcode = 'invalid_parameter_value';
  end if;

  return query
    with hits as (
      select o.job_id, null::integer as ordinal, null::text as asked, o.answer,
        jsonb_path_query_array(o.evidence, '$[*].quote') as quotes
      from result o
      join job j on j.id = o.job_id
      where (j.tenant = owner or all_tenants)
        and to_tsvector('simple', o.answer) || jsonb_to_tsvector(
          'simple', jsonb_path_query_array(o.evidence, '$[*].quote'), '["string"]') @@ wanted
      union all
      select a.job_id, a.ordinal as ordinal, a.question as asked, a.answer,
        jsonb_path_query_array(a.evidence, '$[*].quote') as quotes
      from answer a
      join job j on j.id = a.job_id
      where (j.tenant = owner or all_tenants)
        and to_tsvector('simple', a.answer) || jsonb_to_tsvector(
          'simple', jsonb_path_query_array(a.evidence, '$[*].quote'), '["string"]') @@ wanted
    ),
    stretches as (
      select
        h.job_id,
        h.asked,
        x.what,
        x.stretch,
        ts_rank(to_tsvector('simple', x.stretch), wanted) as weight,
        row_number() over (
          partition by h.job_id, h.ordinal
          order by ts_rank(to_tsvector('simple', x.stretch), wanted) desc, x.place) as place
      from hits h
      cross join lateral (
        select case when j.task = 'ask' then 'answer' else 'summary' end as what,
          h.answer as stretch, 0 as place
        from job j
        where j.id = h.job_id
        union all
        select 'quote', e.value, e.ordinality
        from jsonb_array_elements_text(h.quotes) with ordinality e
      ) x
    )
    select
      j.id,
      d.name,
      coalesce(s.asked, j.question),
      s.what,
      ts_headline(
        'simple', s.stretch, wanted, 'StartSel=[, StopSel=], MaxWords=30, MinWords=15'),
      s.weight
    from stretches s
    join job j on j.id = s.job_id
    join document d on d.id = j.document_id
    where s.place = 1
    order by s.weight desc, j.id desc
    limit most;
end $$;
