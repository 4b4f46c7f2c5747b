-- Gives a coordinator deliveries of webhooks whose time has come, of all tenants.
-- Coordinators call it; what they do not report within two minutes is given to another.
-- It locks the deliveries' rows, and skips those locked by others.
create or replace function docproc.due_deliveries(most integer default 20)
returns table (id text, url text, secret text, body text, attempts integer)
language sql
as $$
  update webhook_delivery d
  set attempts = d.attempts + 1, next_at = clock_timestamp() + interval '2 minutes'
  from (
    select e.id
    from webhook_delivery e
    where e.id in (
      -- Few of each, so that an address that does not answer holds up no other.
      select r.id
      from (
        select
          x.id,
          row_number() over (partition by x.webhook_id order by x.next_at) as rank
        from webhook_delivery x
        where x.next_at <= clock_timestamp()
      ) r
      where r.rank <= 2
    )
      and e.next_at <= clock_timestamp()
    order by e.next_at
    limit most
    for update skip locked
  ) due, webhook w
  where d.id = due.id
    and w.id = d.webhook_id
  returning d.id, w.url, w.secret, d.body, d.attempts
$$;
