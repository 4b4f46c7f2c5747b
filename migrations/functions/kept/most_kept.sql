-- Returns how many bytes of kept readings a tenant may have.
-- Other functions call it; it locks nothing. Null means that there is no limit. Of several members the largest limit counts.
create or replace function docproc.most_kept(owner text)
returns bigint
language sql
stable
as $$
  select coalesce(
    (select max(m.keep_readings_bytes) from member m where m.tenant = owner),
    nullif(setting('keep_readings_bytes'), '')::bigint)
$$;
