-- Begins to cancel a batch: its jobs are stopped where nobody else waits for them.
-- Coordinators call it; it returns whether there is such a batch. It locks the batch's row.
-- Lines that are answered keep their answers; a coordinator ends the batch once all have stopped.
create or replace function docproc.cancel_batch(batch text)
returns boolean
language plpgsql
as $$
declare
  going record;
begin
  update batch b
  set status = 'cancelling', cancelling_at = clock_timestamp()
  where b.id = cancel_batch.batch
    and b.tenant = current_tenant()
    and b.status in ('validating', 'in_progress');

  -- Called again, it stops what was ordered meanwhile.
  if not found and not exists (
    select
    from batch b
    where b.id = cancel_batch.batch
      and b.tenant = current_tenant()
      and b.status = 'cancelling'
  ) then
    return exists (
      select
      from batch b
      where b.id = cancel_batch.batch
        and b.tenant = current_tenant());
  end if;

  for going in
    select distinct l.job_id
    from batch_line l
    join job_state s on s.job_id = l.job_id
    where l.batch_id = cancel_batch.batch
      and s.state not in ('completed', 'failed', 'cancelled')
    order by l.job_id
  loop
    perform cancel_unwanted(going.job_id);
  end loop;

  return true;
end $$;
