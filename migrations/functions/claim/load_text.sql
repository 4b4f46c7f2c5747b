-- Returns a piece of the text of the document whose job the worker holds.
-- Workers call it for the pieces that docproc.claim did not give; it locks nothing.
-- It returns no row when the claim was lost.
create or replace function docproc.load_text(job bigint, held_fence bigint, piece integer)
returns table (text text)
language sql
as $$
  select p.text
  from claim c
  join job j on j.id = c.job_id
  join document d on d.id = j.document_id
  join content_piece p on p.content_id = d.content_id
  where c.job_id = job
    and c.fence = held_fence
    and p.number = piece
$$;
