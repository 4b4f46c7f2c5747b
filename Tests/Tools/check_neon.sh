#!/usr/bin/env bash
# The arm64 kernels against the plain ones, on a host of another kind: cross-compiled, and run by
# QEMU. Needs root for apt-get, or the packages below.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v qemu-aarch64-static >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null ||
  apt-get install -y -qq gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=$(find Sources/CKernels -name '*.c')
for source in $sources Tests/Tools/check_kernels.c; do
  clang --target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include \
    -O3 -fno-math-errno -fno-trapping-math -ISources/CKernels/include -c "$source" -o "$work/$(echo "$source" | tr / _).o"
done
aarch64-linux-gnu-gcc -static "$work"/*.o -o "$work/check" -lm -lpthread
qemu-aarch64-static "$work/check" neon
