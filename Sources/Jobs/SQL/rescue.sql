select docproc.rescue(make_interval(secs => $1::float8)) as count
