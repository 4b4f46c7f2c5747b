-- Refuses parts of a document that do not lie within its text, one behind the other.
-- Called by docproc.check_order; `scalars` is the text's length. It locks nothing.
-- Numbers are compared as numeric: none of them is too large for that.
create or replace function docproc.check_parts(parts jsonb, scalars bigint)
returns void
language plpgsql
immutable
as $$
declare
  wrong bigint;
begin
  if parts is null then
    return;
  end if;

  if jsonb_typeof(parts) <> 'array' then
    raise exception 'the parts are no array'
      using errcode = 'check_violation', hint = 'Give [{"path": …, "start": …, "length": …}, …].';
  end if;

  select p.place into wrong
  from (
    select
      q.*,
      lag(q.start + q.length, 1, 0::numeric) over (order by q.place) as previous_end
    from (
      select
        e.ordinality as place,
        jsonb_typeof(e.value -> 'path') = 'string' as is_named,
        case
          when jsonb_typeof(e.value -> 'start') = 'number' then (e.value ->> 'start')::numeric
        end as start,
        case
          when jsonb_typeof(e.value -> 'length') = 'number' then (e.value ->> 'length')::numeric
        end as length
      from jsonb_array_elements(parts) with ordinality e
    ) q
  ) p
  where coalesce(
    not p.is_named
      or p.start <> trunc(p.start)
      or p.length <> trunc(p.length)
      or p.start < p.previous_end
      or p.length < 0
      or p.start + p.length > scalars,
    true)
  order by p.place
  limit 1;

  if wrong is not null then
    raise exception 'part % does not lie within the document''s text, behind the one before', wrong
      using
        errcode = 'check_violation',
        hint = 'A part has a path, and start and length in Unicode scalars of the text.';
  end if;
end $$;
