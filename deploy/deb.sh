#!/usr/bin/env bash
# Makes a Debian package of a folder that bundle.sh has filled.
#   deploy/deb.sh FOLDER OUTPUT.deb
set -euo pipefail
cd "$(dirname "$0")/.."

from=$1
output=$2
version=$("$from/bin/docproc" --version)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

install -D -m 755 -t "$root/usr/bin" "$from"/bin/*
install -D -m 644 -t "$root/usr/share/docproc/models" "$from"/models/*
install -D -m 644 -t "$root/usr/share/doc/docproc" LICENSE README.md docs/fleet.md
install -D -m 644 -t "$root/usr/lib/systemd/system" "$from"/deploy/systemd/*
sed -i 's|/usr/local/bin/|/usr/bin/|' "$root"/usr/lib/systemd/system/*
install -D -m 640 "$from/deploy/worker.env.example" "$root/etc/docproc/worker.env"
install -m 640 "$from/deploy/coordinator.env.example" "$root/etc/docproc/coordinator.env"

mkdir "$root/DEBIAN"
depends=$(sed -n '/^runtime=(/,/^)/p' deploy/packages.sh | grep -v '^ *#' | tr -d '()' | sed 's/^runtime=//' | xargs | sed 's/ /, /g')
cat >"$root/DEBIAN/control" <<CONTROL
Package: docproc
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: the docproc developers <docproc@localhost>
Section: text
Priority: optional
Depends: $depends
Recommends: postgresql
Installed-Size: $(du -sk "$root" | cut -f1)
Description: read whole books and codebases in one pass, and query the answers with SQL
 Workers read documents front to back with a linear-attention model, answer
 questions about them and write the results into Postgres. A coordinator serves
 an HTTP API and a dashboard.
CONTROL
printf '/etc/docproc/worker.env\n/etc/docproc/coordinator.env\n' >"$root/DEBIAN/conffiles"
cat >"$root/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
  getent passwd docproc >/dev/null || useradd --system --home-dir /var/lib/docproc-worker --shell /usr/sbin/nologin docproc
  install -d -o docproc -g docproc -m 750 /var/lib/docproc-worker
  chgrp docproc /etc/docproc/worker.env /etc/docproc/coordinator.env
  [ ! -d /run/systemd/system ] || systemctl daemon-reload
fi
POSTINST
chmod 755 "$root/DEBIAN/postinst"
dpkg-deb --root-owner-group --build "$root" "$output" >/dev/null
