-- Decoding zstd payloads in SQL, where the server has plpython3u and Python's zstandard.

-- Creates the decoder if this server and this role can; says which it is.
create function docproc.install_decoder()
returns text language plpgsql set search_path = docproc, pg_temp as $outer$
begin
  create extension if not exists plpython3u;
  execute $decoder$
    create or replace function docproc.zstd_decode(frame bytea, raw_bytes bigint) returns bytea
    language plpython3u immutable strict as $python$
import zstandard
if zstandard.frame_content_size(frame) != raw_bytes:
    plpy.error("the frame's size differs from payload_raw_bytes")
return zstandard.ZstdDecompressor().decompress(frame, max_output_size=raw_bytes)
$python$
  $decoder$;
  perform docproc.zstd_decode(decode('28b52ffd2001090000' || '61', 'hex'), 1);
  return 'plpython3u';
exception when others then
  drop function if exists docproc.zstd_decode(bytea, bigint);
  return 'none: ' || sqlerrm;
end $outer$;

-- A result's whole record, decoded from its compressed payload.
create function docproc.result_payload(job bigint)
returns jsonb language plpgsql stable set search_path = docproc, pg_temp as $$
declare
  raw bytea;
  stored record;
begin
  select payload, payload_raw_bytes, payload_sha256 into stored from result where job_id = job;
  if not found then
    raise exception 'job % has no result', job using errcode = 'no_data_found';
  end if;
  if to_regprocedure('docproc.zstd_decode(bytea, bigint)') is null then
    raise exception 'this server cannot decode zstd' using
      errcode = 'feature_not_supported',
      hint = format('Use "docproc result %s", or install postgresql-plpython3 and python3-zstandard on the server and run "select docproc.install_decoder()" as a superuser.', job);
  end if;
  execute 'select docproc.zstd_decode($1, $2)' into raw using stored.payload, stored.payload_raw_bytes;
  if encode(sha256(raw), 'hex') <> stored.payload_sha256 then
    raise exception 'the payload of job % is damaged', job using errcode = 'data_corrupted';
  end if;
  return convert_from(raw, 'UTF8')::jsonb;
end $$;

select docproc.install_decoder();
