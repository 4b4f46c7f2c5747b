-- Documents' texts lie in pieces, so that no large one has to be in memory whole; and which workers
-- wait for work is known, so that one of them is woken.

-- A text; without a document it is being uploaded, or was left behind.
create table docproc.content (
  id bigint generated always as identity primary key,
  tenant text not null,
  bytes bigint not null default 0,
  scalars bigint not null default 0,
  is_blank boolean not null default true,
  pieces integer not null default 0,
  created_at timestamptz not null default clock_timestamp()
);

-- One behind the other, from 0, they are the text.
create table docproc.content_piece (
  content_id bigint not null references docproc.content on delete cascade,
  number integer not null,
  text text not null,
  primary key (content_id, number)
);

alter table docproc.content_piece alter column text set compression lz4;

insert into docproc.content (id, tenant, bytes, scalars, is_blank, pieces, created_at)
  overriding system value
select d.id, d.tenant, d.bytes, char_length(d.text), false, 1, d.created_at
from docproc.document d;

insert into docproc.content_piece (content_id, number, text)
select d.id, 0, d.text
from docproc.document d;

select setval(
  pg_get_serial_sequence('docproc.content', 'id'),
  (select coalesce(max(d.id), 0) + 1 from docproc.document d),
  false);

alter table docproc.document add column content_id bigint;
update docproc.document set content_id = id;
alter table docproc.document
  alter column content_id set not null,
  add constraint document_content unique (content_id),
  add constraint document_content_fkey foreign key (content_id) references docproc.content,
  drop column text;

-- What was claimed before is given back by its worker, which ends.
alter table docproc.worker add column is_idle boolean not null default false;

-- They give other columns, or take other arguments.
drop function if exists docproc.claim(uuid, text[], boolean, integer);
drop function if exists docproc.check_order(text, text, jsonb, text, text, integer, jsonb, text);
