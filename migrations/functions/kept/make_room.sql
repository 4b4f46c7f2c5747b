-- Deletes a tenant's kept states, the least valuable first, until its limit holds.
-- Other functions call it; `spared` is the reading that was just kept, whose end stays.
-- A state is worth the seconds from the one before it, times how often it is wanted: an end is
-- asked again by chance, what lies before only by a document that changed. Days of rest count down.
-- It skips states that somebody is loading.
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
  loop
    select coalesce(sum(s.bytes), 0) into held
    from kept_state s
    join kept_reading r on r.id = s.reading_id
    where r.tenant = owner;

    exit when held <= most;

    -- Those that are being loaded stand last, and are left alone.
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
        and not (k.is_end and r.id is not distinct from spared)
    ) w on w.id = s.id
    order by w.worth / s.bytes, s.id
    for update of s skip locked
    limit 1;

    exit when not found;

    delete from kept_state s
    where s.id = gone;

    count := count + 1;
  end loop;

  -- Pages behind the last state that is left are nobody's, and so are readings without a state.
  delete from kept_page p
  using kept_reading r
  where r.id = p.reading_id
    and r.tenant = owner
    and p.first_token >= coalesce(
      (select max(s.position) from kept_state s where s.reading_id = r.id), 0);

  delete from kept_reading r
  where r.tenant = owner
    and r.id is distinct from spared
    and not exists (select from kept_state s where s.reading_id = r.id);

  return count;
end $$;
