-- Queues an event for the tenant's webhooks that want it.
-- Coordinators and other functions call it; it locks nothing.
create or replace function docproc.announce(of_tenant text, event_type text, subject text)
returns void
language sql
as $$
  insert into webhook_delivery (id, webhook_id, type, body)
  select
    e.id,
    w.id,
    event_type,
    jsonb_build_object(
      'id', e.id,
      'object', 'event',
      'type', event_type,
      'created_at', extract(epoch from clock_timestamp())::bigint,
      'data', jsonb_build_object('id', subject))::text
  from webhook w
  cross join lateral (
    select 'evt_' || replace(gen_random_uuid()::text, '-', '') as id
    where w.id is not null
  ) e
  where w.tenant = of_tenant
    and (w.events = '{}' or event_type = any (w.events))
$$;
