#!/usr/bin/env bash
# Builds the programs with the Swift runtime inside, and packs them with what a host without a Swift
# toolchain needs to run workers and coordinators.
#   deploy/bundle.sh [OUTPUT.tar.gz]          a tarball
#   deploy/bundle.sh docproc_VERSION_ARCH.deb  a Debian package
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-docproc-$(uname -m).tar.gz}
if [ "${ARCH:-$(uname -m)}" != "$(uname -m)" ]; then
  echo "$0: it builds for $(uname -m), the machine it runs on; for ${ARCH} run it there (Swift's SDK for another machine's libraries is not part of the toolchain)" >&2
  exit 2
fi
build=.build-static
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

for product in docproc docproc-worker docproc-coordinator docproc-extract; do
  swift build -c release --static-swift-stdlib -Xlinker -s --scratch-path "$build" --product "$product"
  install -D -t "$stage/docproc/bin" "$build/release/$product"
done
install -D -m 644 -t "$stage/docproc/deploy/systemd" deploy/systemd/docproc-worker@.service deploy/systemd/docproc-coordinator.service
install -m 644 -t "$stage/docproc/deploy" deploy/worker.env.example deploy/coordinator.env.example docs/fleet.md
install -m 755 -t "$stage/docproc/deploy" deploy/install.sh deploy/packages.sh
install -D -m 644 -t "$stage/docproc/models" models/smollm2-135m-adapter.{safetensors,json} models/smollm2-135m-route.json
case "$output" in
  *.deb) deploy/deb.sh "$stage/docproc" "$output" ;;
  *) tar -C "$stage" -czf "$output" docproc ;;
esac
echo "$output: $(du -h "$output" | cut -f1)"
