-- Returns the text of a job's document, in which offsets count.
-- Readers call it; it raises no_data_found unless they may know of the job.
create or replace function docproc.document_text(job bigint)
returns text
language plpgsql
stable
as $$
begin
  perform require_job(job);
  return (
    select string_agg(p.text, '' order by p.number)
    from job j
    join document d on d.id = j.document_id
    join content_piece p on p.content_id = d.content_id
    where j.id = document_text.job);
end $$;
