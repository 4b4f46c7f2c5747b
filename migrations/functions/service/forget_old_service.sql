-- Deletes what the HTTP service has no more use for: expired files and uploads, bytes that became
-- no file within a day, and notes of old requests and deliveries.
-- docproc.forget_old calls it; it deletes at most `most` of each, and skips rows that are locked.
create or replace function docproc.forget_old_service(most integer)
returns void
language plpgsql
as $$
declare
  gone record;
begin
  for gone in
    select f.id
    from file f
    where f.expires_at < clock_timestamp()
      and not exists (
        select
        from batch b
        where b.input_file_id = f.id
          and b.status in ('validating', 'in_progress', 'finalizing', 'cancelling')
      )
    limit most
    for update skip locked
  loop
    perform drop_file_of_any(gone.id);
  end loop;

  delete from upload u
  where u.id in (
    select e.id
    from upload e
    where e.expires_at < clock_timestamp() - interval '1 day'
    limit most
    for update skip locked
  );

  delete from blob b
  where b.id in (
    select e.id
    from blob e
    where e.created_at < clock_timestamp() - interval '1 day'
      and not exists (select from file_blob f where f.blob_id = e.id)
      and not exists (select from upload_part p where p.blob_id = e.id)
    limit most
    for update skip locked
  );

  delete from idempotency i
  where i.created_at < clock_timestamp() - interval '1 day';

  delete from webhook_delivery d
  where d.created_at < clock_timestamp() - setting('keep_deliveries')::interval;
end $$;
