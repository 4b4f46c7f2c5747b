select docproc.report($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint) as verdict
