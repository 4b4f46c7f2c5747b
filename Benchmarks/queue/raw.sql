update job set state = 'running' where id = (select id from job where state = 'ready' order by id for update skip locked limit 1) returning id \gset
update job set state = 'done' where id = :id;
