select docproc.sweep() as count
