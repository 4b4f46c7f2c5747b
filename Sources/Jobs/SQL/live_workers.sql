select count(*) as count from docproc.workers where alive
