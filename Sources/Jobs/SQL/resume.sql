select docproc.resume($1::bigint) as state
