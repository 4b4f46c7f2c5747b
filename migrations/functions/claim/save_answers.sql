-- Notes answers to some of a job's questions, while others are still being written.
-- Workers call it; it returns false when the claim was lost.
-- `reading_key` names document, model and how it is answered: answers of another key go.
-- It locks the claim against its end.
create or replace function docproc.save_answers(
  job bigint,
  held_fence bigint,
  reading_key text,
  first integer,
  answers jsonb
)
returns boolean
language plpgsql
as $$
begin
  perform
  from claim c
  where c.job_id = job
    and c.fence = held_fence
  for key share;

  if not found then
    return false;
  end if;

  delete from answer a
  where a.job_id = job
    and (a.ordinal >= first or a.key is distinct from reading_key);

  insert into answer (
    job_id, ordinal, key, id, question, answer, answered_from, supported, uncertain, evidence,
    extraction, fields)
  select
    job,
    first + e.ordinality - 1,
    reading_key,
    e.value ->> 'id',
    e.value ->> 'question',
    e.value ->> 'answer',
    e.value ->> 'answered_from',
    (e.value ->> 'supported')::boolean,
    coalesce((e.value ->> 'uncertain')::boolean, false),
    e.value -> 'evidence',
    e.value -> 'extraction',
    e.value -> 'fields'
  from jsonb_array_elements(answers) with ordinality e;

  return true;
end $$;
