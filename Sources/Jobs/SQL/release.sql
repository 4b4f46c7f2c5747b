select docproc.release($1::bigint, $2::bigint, make_interval(secs => $3::float8), $4) as accepted
