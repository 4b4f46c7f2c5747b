select docproc.beat($1::uuid) as known
