select accepted from docproc.complete($1::jsonb) accepted
