-- Takes the next piece of a text that is being uploaded.
-- Submitters call it, with pieces of at most 8 MiB, numbered from 0.
-- A piece that came before is left as it is: a call may be repeated.
-- It locks the upload's row until the transaction ends.
create or replace function docproc.upload_piece(upload bigint, number integer, piece text)
returns void
language plpgsql
as $$
declare
  most bigint := setting('most_document_bytes')::bigint;
  so_far record;
begin
  select c.bytes, c.pieces into so_far
  from content c
  where c.id = upload
    and c.tenant = current_tenant()
  for update;

  -- Looked at under the lock: somebody may just have ordered it.
  if not found or exists (select from document d where d.content_id = upload) then
    raise exception 'there is no upload %', upload
      using errcode = 'no_data_found', hint = 'Begin one with docproc.begin_upload().';
  end if;

  if number < so_far.pieces then
    return;
  end if;

  if number is distinct from so_far.pieces then
    raise exception 'piece % of upload % was given before piece %', number, upload, so_far.pieces
      using errcode = 'invalid_parameter_value', hint = 'Give pieces in their order, from 0.';
  end if;

  if octet_length(piece) > 8388608 then
    raise exception 'the piece has % bytes, more than the limit of 8388608', octet_length(piece)
      using errcode = 'program_limit_exceeded', hint = 'Give smaller pieces.';
  end if;

  if so_far.bytes + octet_length(piece) > most then
    raise exception 'the document has more than the limit of % bytes', most
      using
        errcode = 'program_limit_exceeded',
        hint = 'Split it, or raise most_document_bytes in docproc.setting.';
  end if;

  insert into content_piece (content_id, number, text)
  values (upload, upload_piece.number, piece);

  update content c
  set
    bytes = c.bytes + octet_length(piece),
    scalars = c.scalars + char_length(piece),
    is_blank = c.is_blank and is_blank(piece),
    pieces = c.pieces + 1
  where c.id = upload;
end $$;
