#!/usr/bin/env bash
# Installs the Debian packages that docproc needs.
#   packages.sh build    to build, test and run it
#   packages.sh worker   to run workers built elsewhere
set -euo pipefail

runtime=(
  ca-certificates git libopenblas0-pthread libpcre2-8-0 libpq5 libseccomp2 libssl3 libuchardet0 libutf8proc2 libzstd1 python3 python3-jinja2 python3-pip
  # What docproc-extract reads books, mail and archives with.
  libarchive13 libgmime-3.0-0 libxml2 poppler-utils
)
build=(
  "${runtime[@]}" make pkg-config libpq-dev libopenblas-dev libzstd-dev libpcre2-dev
  libarchive-dev libgmime-3.0-dev libseccomp-dev libxml2-dev
  libssl-dev libuchardet-dev libutf8proc-dev postgresql postgresql-client postgresql-plpython3-15 python3-venv python3-zstandard
  faketime iproute2 pgbouncer util-linux
  # What the HTTP service and its dashboard are tested with.
  chromium curl prometheus
)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  worker) wanted=("${runtime[@]}") ;;
  *) echo "usage: $0 build|worker" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "not root and no sudo: please install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
