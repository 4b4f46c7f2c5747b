#!/usr/bin/env bash
# Empty jobs on one server: docproc, PgQueuer, Procrastinate and plain SQL by pgbench, one after another.
#   run.sh PYTHON JOBS      PYTHON has asyncpg, pgqueuer, procrastinate and psycopg
set -euo pipefail
python=${1:?usage: run.sh PYTHON JOBS} jobs=${2:?usage: run.sh PYTHON JOBS}
here=$(dirname "$(readlink -f "$0")") bin=$here/../../.build/release
export DOCPROC_HOME=${BENCH_HOME:-$(mktemp -d /tmp/queue-bench-XXXX)}
swift build --package-path "$here/../.." -c release --product queue-bench >&2
url=$("$bin/docproc" db url)
psql() { command psql -X -q -At "$@"; }
echo "# $(psql "$url" -c "select 'PostgreSQL ' || current_setting('server_version') || ', fsync ' || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')"), $jobs jobs"
fresh() { psql "$url" -c "drop database if exists $1" -c "create database $1"; echo "${url/\/docproc?//$1?}"; }

for round in $(seq "${ROUNDS:-2}"); do
  for batch in 1 10; do
    mine=$(fresh bench) && "$bin/docproc" db migrate --database "$mine" >/dev/null
    "$bin/queue-bench" "$mine" "$jobs" "$batch"
  done
  for batch in 1 10; do "$python" "$here/peers.py" pgqueuer "$(fresh peer)" "$jobs" "$batch" 2>/dev/null; done
  for width in 1 10; do "$python" "$here/peers.py" procrastinate "$(fresh peer)" "$jobs" "$width" 2>/dev/null; done
  raw=$(fresh raw)
  psql "$raw" -c "create table job (id bigint generated always as identity primary key, state text not null default 'ready'); create index on job (id) where state = 'ready'" -c "insert into job (state) select 'ready' from generate_series(1, $jobs)"
  rate=$(pgbench -n -c 1 -t "$jobs" -f "$here/raw.sql" "$raw" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p')
  echo "{\"system\": \"pgbench, claim and finish as two plain updates\", \"jobs\": $jobs, \"work\": $rate}"
done
"$bin/docproc" down >&2
