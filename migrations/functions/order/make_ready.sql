-- Puts a job on the queue, to be claimed once the delay is over.
-- Other functions call it, for jobs that are not on the queue yet.
-- Without a delay the job gets the place that its age gives it.
-- So a job that was interrupted goes on before others like it begin.
-- It locks the job's state, and wakes an idle worker at the commit.
create or replace function docproc.make_ready(
  job bigint,
  delay interval,
  message text default null
)
returns void
language plpgsql
as $$
begin
  update job_state
  set state = 'available', error = message, finished_at = null
  where job_id = job;

  insert into ready (job_id, model, priority, available_at)
  select
    j.id,
    j.model,
    j.priority,
    case when delay = interval '0' then j.created_at else clock_timestamp() + delay end
  from job j
  where j.id = job;

  perform wake(j.model)
  from job j
  where j.id = job;
end $$;
