-- Orders the answers to many questions about a document, as one job.
-- Submitters call it with [{"id": ..., "question": ...}, ...]; otherwise it is as docproc.ask.
-- The answers are rows of docproc.answers.
create or replace function docproc.ask_many(
  questions jsonb,
  job bigint default null,
  document bigint default null,
  model text default null,
  priority integer default 0,
  parameters jsonb default null,
  again boolean default false
)
returns table (job_id bigint, created boolean)
language plpgsql
as $$
begin
  perform check_questions(questions);

  return query
    select a.job_id, a.created
    from ask(
      jsonb_array_length(questions) || ' questions',
      ask_many.job,
      ask_many.document,
      ask_many.model,
      ask_many.priority,
      coalesce(ask_many.parameters, '{}') || jsonb_build_object('questions', questions),
      ask_many.again) a;
end $$;
