select docproc.fail($1::bigint, $2::bigint, $3, $4::boolean) as state
