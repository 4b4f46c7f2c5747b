select docproc.forget_old() as count
