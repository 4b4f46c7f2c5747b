-- Returns the pages that belong to a kept state, in the order of the text.
-- Workers call it after docproc.load_kept, in the same transaction.
create or replace function docproc.load_kept_pages(job bigint, held_fence bigint, wanted bigint)
returns table (first_token bigint, end_token bigint, data bytea, raw_bytes bigint, sha256 text)
language sql
as $$
  select p.first_token, p.end_token, p.data, p.raw_bytes, p.sha256
  from claim c
  join job j on j.id = c.job_id
  join kept_reading r on r.tenant = j.tenant
  join kept_state s on s.reading_id = r.id
  join kept_page p on p.reading_id = r.id and p.end_token <= s.position
  where c.job_id = job
    and c.fence = held_fence
    and s.id = wanted
  order by p.first_token
$$;
