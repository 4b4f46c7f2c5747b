select job_id, created from docproc.submit($1, $2, $3::jsonb, $4, $5, $6, $7::integer, $8::jsonb, $9::boolean, $10,
  make_interval(secs => $11::float8))
