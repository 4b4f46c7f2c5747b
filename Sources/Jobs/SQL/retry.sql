select docproc.retry($1::bigint) as state
