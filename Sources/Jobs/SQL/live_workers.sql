select count(*) as count from docproc.worker where heartbeat_at > clock_timestamp() - make_interval(secs => $1::float8)
