-- Data is taken out of documents: JSON under a schema, of the whole or of each part.
alter table docproc.job drop constraint task_is_known;
alter table docproc.job add constraint task_is_known
  check (task in ('summarize', 'ask', 'chat', 'extract'));
alter table docproc.job add constraint schema_with_extract
  check (task <> 'extract' or coalesce(parameters ? 'schema', false));

-- What was taken out, and where each value of it stands; null for other tasks.
alter table docproc.result add column extraction jsonb;
alter table docproc.result add column fields jsonb;  -- [{pointer, supported, quote}]
alter table docproc.result add column calls jsonb;   -- [{name, arguments}], asked for and not made
alter table docproc.answer add column extraction jsonb;
alter table docproc.answer add column fields jsonb;
