select * from docproc.claim($1::uuid, string_to_array($2, chr(31)), $3::boolean, $4::integer)
