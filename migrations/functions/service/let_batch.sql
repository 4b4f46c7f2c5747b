-- Lets go of a batch that was taken by docproc.take_batches; it is given again after a while.
-- Coordinators call it; it locks the batch's row.
create or replace function docproc.let_batch(batch text, again_after interval)
returns void
language sql
as $$
  update batch b
  set held_until = clock_timestamp() + again_after
  where b.id = let_batch.batch
$$;
