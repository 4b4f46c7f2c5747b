-- Notes how much of an answer is written, and says what is wished of its worker.
-- Workers call it instead of docproc.report once the document is read.
-- It returns 'going', a wish ('cancel', 'pause', 'preempt'), or 'lost'.
-- `so_far` is the answer's text; null where several are written to choose from.
-- `steps` counts all work; a claim without new steps is stalled.
-- It locks the claim's row, but not against a checkpoint being saved.
create or replace function docproc.report_writing(
  job bigint,
  held_fence bigint,
  tokens bigint,
  so_far text,
  steps bigint
)
returns text
language plpgsql
as $$
declare
  wished text;
begin
  update claim c
  set
    written_tokens = tokens,
    written = so_far,
    worked_at = case when steps > c.work then clock_timestamp() else c.worked_at end,
    work = steps
  where c.job_id = job
    and c.fence = held_fence
  returning c.wish into wished;

  return case when not found then 'lost' else coalesce(wished, 'going') end;
end $$;
