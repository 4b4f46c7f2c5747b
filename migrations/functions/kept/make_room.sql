-- Deletes a tenant's kept states, the least valuable first, until its limit holds.
-- Other functions call it; `spared` is the reading that is being kept: of it nothing goes.
-- A state is worth the seconds from the one before it, times how often it is wanted: an end is
-- asked again by chance, what lies before only by a document that changed. Days of rest count down.
-- It skips what somebody is loading or deleting, and waits for nobody but others like it.
create or replace function docproc.make_room(owner text, spared bigint default null)
returns integer
language plpgsql
as $$
declare
  most bigint := most_kept(owner);
  held bigint;
  gone bigint;
  count integer := 0;
begin
  perform pg_advisory_xact_lock(731011564, hashtext(owner));

  loop
    select
      coalesce((
        select sum(s.bytes)
        from kept_state s
        join kept_reading r on r.id = s.reading_id
        where r.tenant = owner), 0)
      + coalesce((
        select sum(p.bytes)
        from kept_page p
        join kept_reading r on r.id = p.reading_id
        where r.tenant = owner), 0)
    into held;

    exit when most is null or held <= most;

    select s.id into gone
    from kept_state s
    join (
      select
        k.id,
        (k.seconds - lag(k.seconds, 1, 0::float8) over (
          partition by k.reading_id order by k.tokens))
        * (k.asked + case when k.is_end then 1 else 0.05 end)
        / (1 + extract(epoch from clock_timestamp() - k.used_at) / 86400) as worth
      from kept_state k
      join kept_reading r on r.id = k.reading_id
      where r.tenant = owner
        and r.id is distinct from spared
    ) w on w.id = s.id
    order by w.worth / s.bytes, s.id
    for update of s skip locked
    limit 1;

    exit when not found;

    delete from kept_state s
    where s.id = gone;

    -- Pages behind the last state that is left are nobody's, and so are readings without one.
    delete from kept_page p
    using (
      select q.reading_id, q.first_token
      from kept_page q
      join kept_reading r on r.id = q.reading_id
      where r.tenant = owner
        and r.id is distinct from spared
        and q.first_token >= coalesce(
          (select max(s.position) from kept_state s where s.reading_id = r.id), 0)
      for update of q skip locked
    ) n
    where p.reading_id = n.reading_id
      and p.first_token = n.first_token;

    count := count + 1;
  end loop;

  delete from kept_reading d
  using (
    select r.id
    from kept_reading r
    where r.tenant = owner
      and r.id is distinct from spared
      and not exists (select from kept_state s where s.reading_id = r.id)
    for update of r skip locked
  ) n
  where d.id = n.id;

  return count;
end $$;
