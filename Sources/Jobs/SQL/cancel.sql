select docproc.cancel($1::bigint) as state
