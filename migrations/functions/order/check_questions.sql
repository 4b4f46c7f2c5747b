-- Refuses questions of a job that are none, or that their answers could not be told apart by.
-- Other functions call it before they make a job. It locks nothing.
create or replace function docproc.check_questions(questions jsonb)
returns void
language plpgsql
immutable
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

  select
    case
      when coalesce(e.value ->> 'id', '') = '' or jsonb_typeof(e.value -> 'id') <> 'string'
        then format('question %s has no id in words', e.ordinality)
      when octet_length(e.value ->> 'id') > 1000
        then format('the id of question %s has more than 1000 bytes', e.ordinality)
      when jsonb_typeof(e.value -> 'question') is distinct from 'string'
        or is_blank(e.value ->> 'question')
        then format('question %s is empty', e.ordinality)
      when octet_length(e.value ->> 'question') > 8000
        then format('question %s has more than 8000 bytes', e.ordinality)
    end into wrong
  from jsonb_array_elements(questions) with ordinality e
  order by 1 nulls last
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
end $$;
