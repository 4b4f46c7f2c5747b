#!/usr/bin/env bash
# Claim times on an empty queue, beside a million finished jobs, and while somebody holds a snapshot.
#   history.sh [FINISHED JOBS] [SECONDS]
set -euo pipefail
history=${1:-1000000} seconds=${2:-600} rate=${RATE:-2} sample=${SAMPLE:-300}
here=$(dirname "$(readlink -f "$0")") bin=$here/../../.build/release
export DOCPROC_HOME=${BENCH_HOME:-$(mktemp -d /tmp/queue-bench-XXXX)}
swift build --package-path "$here/../.." -c release --product queue-bench >&2
url=$("$bin/docproc" db url)
psql() { command psql -X -q -At "$@"; }
psql "$url" -c "drop database if exists history" -c "create database history" 2>/dev/null
mine=${url/\/docproc?//history?}
"$bin/docproc" db migrate --database "$mine" >/dev/null
claims() { "$bin/queue-bench" "$mine" latency "$1" "$2"; }

claims 50 50 >/dev/null
echo "empty queue:             $(claims "$sample" 50)"
psql "$mine" <<SQL
insert into docproc.document (tenant, name, sha256, text, bytes, parts) values ('bench', 'old', 'x', '.', 1, '[]');
insert into docproc.job (tenant, document_id, task, model) select 'bench', (select max(id) from docproc.document), 'summarize', 'none' from generate_series(1, $history);
insert into docproc.job_state (job_id, state, attempts, started_at, finished_at)
  select id, 'completed', 1, now() - interval '2 days', now() - interval '1 day' from docproc.job j where not exists (select from docproc.job_state s where s.job_id = j.id);
insert into docproc.reading select job_id, 0, 1, 1, 1, 1, 1, 1, 0, null from docproc.job_state s where not exists (select from docproc.reading r where r.job_id = s.job_id);
insert into docproc.result (job_id, fence, worker, model_name, model_sha256, answer, supported, evidence, payload, payload_codec, payload_raw_bytes, payload_sha256)
  select job_id, 0, 'w', 'none', '0', 'An answer of some words.', true, '[]', 'x', 'zstd', 1, '0' from docproc.job_state s where not exists (select from docproc.result r where r.job_id = s.job_id);
insert into docproc.event (job_id, kind) select job_id, kind from docproc.job_state, (values ('submitted'), ('claimed'), ('completed')) k (kind);
analyze;
SQL
echo "$history finished jobs: $(claims "$sample" 50)"
command psql -X -q "$mine" -c "begin isolation level repeatable read" -c "select count(*) from docproc.setting" -c "select pg_sleep($seconds)" >/dev/null &
echo "snapshot held $seconds s:    $(claims $((seconds * rate)) "$rate") ($rate jobs a second meanwhile)"
echo "at its end:              $(claims "$sample" 50)"
wait
"$bin/docproc" down >&2
