-- Raises no_data_found unless the caller may know of the job.
-- Other functions call it before they show or change anything; it locks nothing.
-- Another tenant's job and one that does not exist look the same.
create or replace function docproc.require_job(wanted bigint)
returns void
language plpgsql
stable
as $$
begin
  if not exists (
    select
    from job j
    where j.id = wanted
      and (j.tenant = current_tenant() or sees_all())
  ) then
    raise exception 'there is no job %', wanted
      using errcode = 'no_data_found';
  end if;
end $$;
