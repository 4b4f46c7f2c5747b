-- Notes how a delivery went: taken where there is no error, else to be tried again.
-- Coordinators call it; without a time it is not tried again. It locks the delivery's row.
create or replace function docproc.end_delivery(
  delivery text,
  problem text default null,
  again_after interval default null
)
returns void
language sql
as $$
  update webhook_delivery d
  set
    delivered_at = case when problem is null then clock_timestamp() end,
    error = problem,
    next_at = case when problem is not null then clock_timestamp() + again_after end
  where d.id = delivery
$$;
