-- Gives many orders at once: either all of them are taken, or none.
-- Submitters call it with an array of objects, one object for each order.
-- An object names the arguments of docproc.submit; any other name is refused.
-- It returns a row for each order: its number from 1, and submit's answer.
create or replace function docproc.submit_many(orders jsonb)
returns table (ordinal bigint, job_id bigint, created boolean)
language plpgsql
as $$
#variable_conflict use_column
declare
  given record;
  unknown text;
begin
  select k into unknown
  from jsonb_array_elements(orders) o, jsonb_object_keys(o) k
  where k not in (
    'document_name', 'document_text', 'parts', 'task', 'question', 'model', 'priority',
    'parameters', 'again', 'key', 'deadline')
  limit 1;

  if found then
    raise exception 'an order has no "%"', unknown
      using
        errcode = 'invalid_parameter_value',
        hint = 'An order is an object with the arguments of docproc.submit by name.';
  end if;

  for given in
    select e.ordinality as place, e.value as o
    from jsonb_array_elements(orders) with ordinality e
  loop
    return query
      select given.place, s.job_id, s.created
      from submit(
        given.o ->> 'document_name',
        given.o ->> 'document_text',
        given.o -> 'parts',
        coalesce(given.o ->> 'task', 'summarize'),
        given.o ->> 'question',
        coalesce(given.o ->> 'model', 'smollm2-135m'),
        coalesce((given.o ->> 'priority')::integer, 0),
        coalesce(given.o -> 'parameters', '{}'),
        coalesce((given.o ->> 'again')::boolean, false),
        given.o ->> 'key',
        (given.o ->> 'deadline')::interval) s;
  end loop;
end $$;
