select docproc.release($1::bigint, $2::bigint) as accepted
