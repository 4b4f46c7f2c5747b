select docproc.pause($1::bigint) as state
