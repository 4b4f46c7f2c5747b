-- Ends a claim if it is still held; the job then belongs to nobody.
-- Other functions call it first, and go on only when it returns true.
-- It waits for a checkpoint that is being saved under the same claim.
create or replace function docproc.end_claim(
  job bigint,
  held_fence bigint
)
returns boolean
language plpgsql
as $$
begin
  delete from claim c
  where c.job_id = job
    and c.fence = held_fence;

  return found;
end $$;
