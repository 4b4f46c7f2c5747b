select payload, payload_raw_bytes, payload_sha256 from docproc.result where job_id = $1::bigint
