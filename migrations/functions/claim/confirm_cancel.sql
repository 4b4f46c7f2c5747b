-- Cancels a job whose worker stopped because it was asked to.
-- Workers call it after docproc.report answered 'cancel' to them.
-- It returns false when the claim was lost, and then changes nothing.
-- It locks the claim's row and then the job's state.
create or replace function docproc.confirm_cancel(
  job bigint,
  held_fence bigint
)
returns boolean
language plpgsql
as $$
begin
  if not end_claim(job, held_fence) then
    return false;
  end if;

  perform finish(job, 'cancelled', held_fence);
  return true;
end $$;
