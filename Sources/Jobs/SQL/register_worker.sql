select docproc.register_worker($1::uuid, $2, $3, $4::integer)
