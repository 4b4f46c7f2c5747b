-- Orders the answers to many questions about a document, as one job.
-- Submitters call it with [{"id": ..., "question": ...}, ...]; otherwise it is as docproc.ask.
-- The answers are rows of docproc.answers.
create or replace function docproc.ask_many(
  questions jsonb,
  job bigint default null,
  document bigint default null,
  model text default null,
  priority integer default 0,
  parameters jsonb default '{}',
  again boolean default false
)
returns table (job_id bigint, created boolean)
language plpgsql
as $$
declare
  wrong text;
begin
  if jsonb_typeof(questions) is distinct from 'array' or jsonb_array_length(questions) = 0 then
    raise exception 'the questions are no array of one or more'
      using
        errcode = 'check_violation',
        hint = 'Give [{"id": "…", "question": "…"}, …].';
  end if;

  select format('question %s has no id or no question in words', e.ordinality) into wrong
  from jsonb_array_elements(questions) with ordinality e
  where coalesce(e.value ->> 'id', '') = ''
    or coalesce(e.value ->> 'question', '') !~ '\S'
    or octet_length(e.value ->> 'question') > 8000
  limit 1;

  if wrong is null then
    select format('the id %s stands there twice', e.value -> 'id') into wrong
    from jsonb_array_elements(questions) e
    group by e.value -> 'id'
    having count(*) > 1
    limit 1;
  end if;

  if wrong is not null then
    raise exception '%', wrong
      using errcode = 'check_violation';
  end if;

  return query
    select a.job_id, a.created
    from ask(
      jsonb_array_length(questions) || ' questions',
      ask_many.job,
      ask_many.document,
      ask_many.model,
      ask_many.priority,
      ask_many.parameters || jsonb_build_object('questions', questions),
      ask_many.again) a;
end $$;
