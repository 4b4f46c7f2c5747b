select d.text from docproc.job j join docproc.document d on d.id = j.document_id where j.id = $1::bigint
