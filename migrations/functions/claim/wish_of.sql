-- Returns what is wished of a job's worker, null when that is nothing.
-- Other functions call it before they end the claim under this fence.
-- It locks the claim's row, so that no new wish is overlooked.
create or replace function docproc.wish_of(
  job bigint,
  held_fence bigint
)
returns text
language sql
as $$
  select (
    select c.wish
    from claim c
    where c.job_id = job
      and c.fence = held_fence
    for update
  )
$$;
