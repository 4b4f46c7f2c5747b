-- Gives a coordinator the batches that are to be brought on, of all tenants, oldest first.
-- Coordinators call it, and docproc.let_batch once they have done a step.
-- What is not let go within a minute is given to another: the steps may be repeated.
-- It locks the batches' rows, and skips those locked by others.
create or replace function docproc.take_batches(most integer default 10)
returns table (id text, tenant text)
language sql
as $$
  update batch b
  set held_until = clock_timestamp() + interval '1 minute'
  from (
    select e.id
    from batch e
    where e.status in ('validating', 'in_progress', 'finalizing', 'cancelling')
      and e.held_until < clock_timestamp()
    order by e.created_at
    limit most
    for update skip locked
  ) due
  where b.id = due.id
  returning b.id, b.tenant
$$;
