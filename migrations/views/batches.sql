-- All batches of the HTTP service, with how many of their lines are answered.
-- Row security shows the reader the batches of its own tenant only.
create or replace view docproc.batches with (security_invoker = true) as
select
  b.id,
  b.endpoint,
  b.status,
  b.model,
  b.total,
  c.completed,
  c.failed,
  b.input_file_id,
  b.output_file_id,
  b.error_file_id,
  b.created_at,
  b.expires_at,
  b.completed_at,
  b.tenant
from docproc.batch b
cross join lateral (
  select
    count(*) filter (where s.state = 'completed') as completed,
    count(*) filter (where l.error is not null or s.state in ('failed', 'cancelled')) as failed
  from docproc.batch_line l
  left join docproc.job_state s on s.job_id = l.job_id
  where l.batch_id = b.id
) c;

comment on view docproc.batches is 'One row per batch: where it stands, and its files.';
