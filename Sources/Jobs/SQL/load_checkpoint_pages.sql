select first_token::text, end_token::text, data, raw_bytes::text, sha256
from docproc.load_checkpoint_pages($1::bigint, $2::bigint)
