-- Cancels a response; its job too, unless another response or a batch waits for the same.
-- Coordinators call it; it returns whether there is such a response that was not finished.
-- It locks the response's row, and then what docproc.cancel locks.
create or replace function docproc.cancel_response(response text)
returns boolean
language plpgsql
as $$
declare
  of_job bigint;
begin
  update response r
  set cancelled_at = clock_timestamp()
  from job_state s
  where r.id = cancel_response.response
    and r.tenant = current_tenant()
    and r.cancelled_at is null
    and s.job_id = r.job_id
    and s.state not in ('completed', 'failed', 'cancelled')
  returning r.job_id into of_job;

  if of_job is null then
    return false;
  end if;

  perform cancel_unwanted(of_job);
  return true;
end $$;
