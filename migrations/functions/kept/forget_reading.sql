-- Deletes a kept reading with all its states. Submitters call it for their own tenant's.
-- It raises no_data_found where there is none that the caller may know of.
create or replace function docproc.forget_reading(reading bigint)
returns void
language plpgsql
as $$
begin
  -- As making room does: who deletes two readings at once waits for nobody who waits for it.
  perform pg_advisory_xact_lock(731011564, hashtext(r.tenant))
  from kept_reading r
  where r.id = reading;

  delete from kept_reading r
  where r.id = reading
    and (r.tenant = current_tenant() or sees_all());

  if not found then
    raise exception 'there is no kept reading %', reading
      using errcode = 'no_data_found';
  end if;
end $$;
