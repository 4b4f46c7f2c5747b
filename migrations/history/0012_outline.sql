-- Of a summary, what each part of its document says; null for answers and from earlier workers.
alter table docproc.result add column outline jsonb;
