select docproc.complete($1::bigint, $2::bigint, $3, $4, $5, $6, $7::boolean, $8::jsonb, $9::jsonb, $10::bigint,
  $11::bytea, $12::bigint, $13) as accepted
