-- Returns the pages of a job's checkpoint, in the order of the text.
-- Workers call it after docproc.load_checkpoint, with the same fence.
-- It returns no row when the claim was lost, and locks nothing.
create or replace function docproc.load_checkpoint_pages(
  job bigint,
  held_fence bigint
)
returns table (
  first_token bigint,
  end_token bigint,
  data bytea,
  raw_bytes bigint,
  sha256 text
)
language sql
as $$
  select p.first_token, p.end_token, p.data, p.raw_bytes, p.sha256
  from checkpoint_page p
  join claim c on c.job_id = p.job_id
  where p.job_id = job
    and c.fence = held_fence
  order by p.first_token
$$;
