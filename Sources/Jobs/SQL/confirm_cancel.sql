select docproc.confirm_cancel($1::bigint, $2::bigint) as accepted
