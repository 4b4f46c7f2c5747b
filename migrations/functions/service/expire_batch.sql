-- Cancels the jobs of a batch whose time is over, where nobody else waits for them.
-- Coordinators call it, with the batch's row locked, and then finalize the batch.
create or replace function docproc.expire_batch(batch text)
returns void
language plpgsql
as $$
declare
  going record;
begin
  update batch b
  set status = 'cancelling', expired_at = clock_timestamp()
  where b.id = expire_batch.batch
    and b.tenant = current_tenant();

  for going in
    select distinct l.job_id
    from batch_line l
    join batch b on b.id = l.batch_id
    join job_state s on s.job_id = l.job_id
    where l.batch_id = expire_batch.batch
      and b.tenant = current_tenant()
      and s.state not in ('completed', 'failed', 'cancelled')
    order by l.job_id
  loop
    perform cancel_unwanted(going.job_id);
  end loop;
end $$;
