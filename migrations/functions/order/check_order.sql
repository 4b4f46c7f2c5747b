-- Refuses an order that no worker could do, or that is larger than anybody needs.
-- Other functions call it before they make a job; sizes are the document's. It locks nothing.
-- It raises program_limit_exceeded for sizes, and check_violation for the rest.
create or replace function docproc.check_order(
  document_name text,
  bytes bigint,
  scalars bigint,
  is_blank boolean,
  parts jsonb,
  question text,
  model text,
  priority integer,
  parameters jsonb,
  key text
)
returns void
language plpgsql
as $$
declare
  most bigint := setting('most_document_bytes')::bigint;
  size record;
begin
  if check_order.bytes > most then
    raise exception 'the document % has % bytes, more than the limit of %',
      left(document_name, 100), check_order.bytes, most
      using
        errcode = 'program_limit_exceeded',
        hint = 'Split it, or raise most_document_bytes in docproc.setting '
          '(Postgres itself holds at most 1 GB).';
  end if;

  for size in
    select *
    from (values
      ('question', octet_length(question), 8000, 'Put what is to be read into the document.'),
      ('document''s name', octet_length(document_name), 1000, 'Give it a shorter one.'),
      ('model''s name', octet_length(model), 1000, 'Give a name or a path to a folder.'),
      ('key', octet_length(key), 1000, 'Give its SHA-256 instead.'),
      ('parameters', pg_column_size(parameters), 1048576, 'See docs/sql.md for what there is.'),
      ('parts', pg_column_size(parts), 67108864, 'Split the document.')
    ) as s (what, bytes, most, hint)
    where s.bytes > s.most
  loop
    raise exception 'the % has % bytes, more than the limit of %', size.what, size.bytes, size.most
      using errcode = 'program_limit_exceeded', hint = size.hint;
  end loop;

  if is_blank then
    raise exception 'the document % holds no text', document_name
      using errcode = 'check_violation';
  end if;

  perform check_priority(priority);
  perform check_parts(parts, scalars);

  if parameters ? 'questions' then
    perform check_questions(parameters -> 'questions');
  end if;
end $$;
