select tokens::text, seconds::text, number::text, isa, state, raw_bytes::text, sha256
from docproc.load_checkpoint($1::bigint, $2::bigint, $3)
