-- Returns how many tokens, about, the caller's tenant has waiting to be read or being read.
-- Coordinators call it before they order; four bytes count as a token. It locks nothing.
create or replace function docproc.queued_tokens()
returns bigint
language sql
stable
as $$
  select coalesce(sum(d.bytes / 4), 0)::bigint
  from job_state s
  join job j on j.id = s.job_id
  join document d on d.id = j.document_id
  where s.state in ('available', 'running')
    and j.tenant = current_tenant()
$$;
