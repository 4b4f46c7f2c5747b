-- True for a text of nothing but white space. Other functions call it; it locks nothing.
-- All of a long text is looked at only where its beginning is blank.
create or replace function docproc.is_blank(content text)
returns boolean
language sql
immutable
as $$
  select btrim(left(content, 10000), E' \t\r\n\f\v') = ''
    and btrim(convert_to(content, 'UTF8'), '\x20090d0a0c0b'::bytea) = ''
$$;
