select docproc.save_checkpoint($1::bigint, $2::bigint, $3, $4::bigint, $5::float8, $6, $7::bytea, $8::bigint, $9,
  $10::bigint, $11::bigint, $12::bytea, $13::bigint, $14) as accepted
