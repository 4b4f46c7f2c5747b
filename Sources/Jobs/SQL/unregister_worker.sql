select docproc.unregister_worker($1::uuid)
