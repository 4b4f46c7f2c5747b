#!/usr/bin/env bash
# Turns the shipped book into other formats with public tools, and reads these.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=(pandoc libreoffice-writer-nogui weasyprint wkhtmltopdf poppler-utils)
missing=()
for package in "${tools[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
XDG_RUNTIME_DIR=$folder python3 Benchmarks/formats/measure.py books/alice.txt "$folder"
