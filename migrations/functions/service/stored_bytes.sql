-- Returns the bytes of uploaded files that the caller's tenant has.
-- Coordinators call it before they take another. It locks nothing.
create or replace function docproc.stored_bytes()
returns bigint
language sql
stable
as $$
  select coalesce(sum(b.bytes), 0)::bigint
  from blob b
  where b.tenant = current_tenant()
$$;
