select job_id, created from docproc.submit($1, $2, $3::jsonb, $4, $5, $6, $7::integer, $8::jsonb, $9::boolean)
