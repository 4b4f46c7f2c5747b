#!/usr/bin/env bash
# A whole book through the whole system: summary, a question, and the same rows by psql.
set -euo pipefail

bin=${1:?usage: demo.sh DIRECTORY_OF_DOCPROC}
book=$(dirname "$0")/../books/alice.txt
question="What did the Caterpillar smoke?"
started=$SECONDS

echo "== docproc up"
"$bin/docproc" up

echo
echo "== docproc submit books/alice.txt --wait"
"$bin/docproc" submit "$book" --wait

echo
echo "== docproc ask books/alice.txt \"$question\""
"$bin/docproc" ask "$book" "$question"

echo
echo "== the same rows, by psql"
psql "$("$bin/docproc" db url)" -X -c "select id, task, left(answer, 60) as answer, tokens_read, passes, round(seconds) as seconds from docproc.results order by id desc limit 2" \
  -c "select job_id, rank, start, \"end\", score, left(quote, 60) as quote from docproc.evidence order by job_id desc, rank limit 6" \
  -c "select id, docproc.result_payload(id) -> 'document' as document_in_payload from docproc.results order by id desc limit 1"

"$bin/docproc" down
echo "the jobs took $((SECONDS - started)) s"
