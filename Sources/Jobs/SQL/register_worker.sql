select docproc.register_worker($1::uuid, $2, $3, $4::integer, string_to_array($5, chr(31)), $6::boolean)
