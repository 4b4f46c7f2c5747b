-- Returns the answers that a job's questions have already, from the first on without a gap.
-- Workers call it before they answer; answers of another key are of no use. It locks nothing.
create or replace function docproc.load_answers(job bigint, held_fence bigint, reading_key text)
returns table (answer jsonb)
language sql
stable
as $$
  select jsonb_build_object(
    'id', a.id, 'question', a.question, 'answer', a.answer, 'answered_from', a.answered_from,
    'supported', a.supported, 'uncertain', a.uncertain, 'evidence', a.evidence,
    'extraction', a.extraction, 'fields', a.fields)
  from (
    select n.*, row_number() over (order by n.ordinal) as place
    from claim c
    join answer n on n.job_id = c.job_id
    where c.job_id = job
      and c.fence = held_fence
      and n.key = reading_key
  ) a
  where a.place = a.ordinal
  order by a.ordinal
$$;
