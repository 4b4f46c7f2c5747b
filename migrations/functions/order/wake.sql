-- Wakes a worker that waits for work and has the model, at the commit.
-- Where none is known to wait, it wakes all that listen: one may just begin to.
-- Other functions call it; it locks nothing, so that an open order holds up no worker.
create or replace function docproc.wake(wanted_model text)
returns void
language plpgsql
as $$
declare
  silence interval := setting('lease')::interval / 2;
  chosen uuid;
begin
  -- Any of them: the same one would be chosen for all orders at once.
  select w.id into chosen
  from worker w
  where w.is_idle
    and w.heartbeat_at > clock_timestamp() - silence
    and (wanted_model = any (w.models) or w.takes_paths and wanted_model like '%/%')
  order by random()
  limit 1;

  perform pg_notify(concat_ws('_', 'docproc_ready', replace(chosen::text, '-', '_')), '');
end $$;
