-- Makes docproc.zstd_decode, by which docproc.result_payload reads payloads. For a superuser, who
-- runs nothing here that belongs to anybody else. It needs postgresql-plpython3 and
-- python3-zstandard on the server. Only the schema's owner may call the function: it is the one as
-- which docproc.result_payload runs.
begin;
create extension if not exists plpython3u;
create or replace function docproc.zstd_decode(frame bytea, raw_bytes bigint)
returns bytea
language plpython3u
immutable
strict
as $python$
import zstandard
if raw_bytes > 256 << 20:
    plpy.error("a payload has at most 256 MiB")
if zstandard.frame_content_size(frame) != raw_bytes:
    plpy.error("the frame's size differs from payload_raw_bytes")
return zstandard.ZstdDecompressor().decompress(frame, max_output_size=raw_bytes)
$python$;
revoke all on function docproc.zstd_decode(bytea, bigint) from public;
do $$
begin
  execute format(
    'grant execute on function docproc.zstd_decode(bytea, bigint) to %I',
    (
      select pg_catalog.pg_get_userbyid(p.proowner)
      from pg_catalog.pg_proc p
      where p.pronamespace = 'docproc'::regnamespace
        and p.proname = 'result_payload'
    ));
end $$;
-- The letter "a" as a frame: whatever is missing shows here.
select docproc.zstd_decode('\x28b52ffd200109000061'::bytea, 1);
commit;
