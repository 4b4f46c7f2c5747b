-- Notes how far a reading is, and says what is wished of its worker.
-- Workers call it every few seconds for each job that they hold.
-- It returns 'going', a wish ('cancel', 'pause', 'preempt'), or 'lost'.
-- After 'lost' the worker stops: the job is no longer its own.
-- `resumed` is the token of the document at which this claim's reading began.
-- `steps` counts all work; a claim without new steps is stalled.
-- It locks the claim's row, but not against a checkpoint being saved.
create or replace function docproc.report(
  job bigint,
  held_fence bigint,
  done bigint,
  total bigint,
  steps bigint,
  resumed bigint
)
returns text
language plpgsql
as $$
declare
  wished text;
begin
  update claim c
  set
    tokens_done = done,
    tokens_total = total,
    resumed_from = resumed,
    -- Reading goes on after what was written of a part.
    written_tokens = 0,
    written = null,
    reading_since = case when total > 0 then coalesce(c.reading_since, clock_timestamp()) end,
    worked_at = case when steps > c.work then clock_timestamp() else c.worked_at end,
    work = steps
  where c.job_id = job
    and c.fence = held_fence
  returning c.wish into wished;

  return case when not found then 'lost' else coalesce(wished, 'going') end;
end $$;
