#!/usr/bin/env bash
# Builds docproc-worker and docproc with the Swift runtime inside, and packs them with what
# a host without a Swift toolchain needs to run workers.
#   deploy/bundle.sh [OUTPUT.tar.gz]
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-docproc-$(uname -m).tar.gz}
build=.build-static
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

for product in docproc docproc-worker docproc-extract; do
  swift build -c release --static-swift-stdlib -Xlinker -s --scratch-path "$build" --product "$product"
  install -D -t "$stage/docproc/bin" "$build/release/$product"
done
install -D -m 644 -t "$stage/docproc/deploy/systemd" deploy/systemd/docproc-worker@.service
install -m 644 -t "$stage/docproc/deploy" deploy/worker.env.example docs/fleet.md
install -m 755 -t "$stage/docproc/deploy" deploy/install.sh deploy/packages.sh
install -D -m 644 -t "$stage/docproc/models" models/smollm2-135m-adapter.{safetensors,json} models/smollm2-135m-route.json
tar -C "$stage" -czf "$output" docproc
echo "$output: $(du -h "$output" | cut -f1)"
