-- Returns a result's whole record, decoded from its compressed payload.
-- Readers call it, for jobs that they may know of; it locks nothing.
-- It needs docproc.zstd_decode, which the command docproc db decoder creates.
-- It raises data_corrupted when the payload does not match its SHA-256.
create or replace function docproc.result_payload(job bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  raw bytea;
  stored record;
begin
  perform require_job(job);

  select payload, payload_raw_bytes, payload_sha256 into stored
  from result
  where job_id = job;

  if not found then
    raise exception 'job % has no result', job
      using errcode = 'no_data_found';
  end if;

  if to_regprocedure('docproc.zstd_decode(bytea, bigint)') is null then
    raise exception 'this server cannot decode zstd'
      using
        errcode = 'feature_not_supported',
        hint = format(
          'Use "docproc result %s", or install postgresql-plpython3 and python3-zstandard '
          'on the server and run "docproc db decoder" as a superuser.',
          job);
  end if;

  execute 'select docproc.zstd_decode($1, $2)'
  into raw
  using stored.payload, stored.payload_raw_bytes;

  if encode(sha256(raw), 'hex') <> stored.payload_sha256 then
    raise exception 'the payload of job % is damaged', job
      using errcode = 'data_corrupted';
  end if;

  return convert_from(raw, 'UTF8')::jsonb;
end $$;
