-- What a worker has written of an answer so far, beside how far it has read.
alter table docproc.claim add column written_tokens bigint not null default 0;
alter table docproc.claim add column written text;

-- What an answer was written from; null where an earlier worker did not say.
alter table docproc.result add column answered_from text;
-- The reading's focus: general, or focused on a question; null likewise, and without a reading.
alter table docproc.reading add column focus text;
