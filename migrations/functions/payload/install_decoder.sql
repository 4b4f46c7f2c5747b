-- Creates docproc.zstd_decode if this server and the caller can do so.
-- A superuser calls it, once plpython3u and Python's zstandard are installed.
-- It returns 'plpython3u', or 'none' with the reason why there is no decoder.
-- It runs with the caller's rights: only a superuser may use plpython3u.
create or replace function docproc.install_decoder()
returns text
language plpgsql
as $outer$
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

  -- The letter "a" as a frame: whatever is missing shows here.
  perform docproc.zstd_decode(decode('28b52ffd2001090000' || '61', 'hex'), 1);
  return 'plpython3u';
exception when others then
  drop function if exists docproc.zstd_decode(bytea, bigint);
  return 'none: ' || sqlerrm;
end $outer$;
