#!/usr/bin/env bash
# Installs the engines that docproc is compared with into one folder.
#
#   setup.sh DIR
#
# DIR/venv              Python with torch, transformers, safetensors, gguf
# DIR/llama.cpp/source  llama.cpp as shipped in the source distribution of llama-cpp-python
# DIR/llama.cpp/build   its libraries and llama-quantize
# DIR/bin               llama_peer (our driver), llama-quantize, python
#
# What is there already is kept, so a second run only prints the versions.
#
#   PEERS_VENV=/path   use this virtual environment instead of making DIR/venv (torch takes 5 GB)
#   JOBS=1             compile with this many processes (default: all CPUs)
#   VERSION=0.3.36     take this release of llama-cpp-python (default: the newest)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:?usage: setup.sh DIR}"
dir=$(cd "$1" && pwd)
venv=${PEERS_VENV:-$dir/venv}
source=$dir/llama.cpp/source
build=$dir/llama.cpp/build
jobs=${JOBS:-$(nproc)}

say() { echo "== $*" >&2; }

python_packages() {
  [ -x "$venv/bin/python" ] || { say "creating $venv"; python3 -m venv "$venv"; }
  "$venv/bin/python" -c 'import torch, transformers, safetensors, gguf' 2>/dev/null && return
  say "installing torch, transformers, safetensors, gguf"
  "$venv/bin/python" -m pip install --quiet torch transformers safetensors gguf
}

# The wheel brings cmake and ninja to hosts that lack them; its own environment, so that
# a virtual environment that was lent to us stays as it is.
build_tools() {
  command -v cmake >/dev/null && return
  local tools=$dir/build-tools
  [ -x "$tools/bin/cmake" ] || { say "installing cmake"; python3 -m venv "$tools"; "$tools/bin/pip" install --quiet cmake ninja; }
  export PATH=$tools/bin:$PATH
}

# Only this package from source: --no-binary :all: would compile its build tools, cmake first of all.
llama_source() {
  [ -f "$source/CMakeLists.txt" ] && return
  local downloads=$dir/llama.cpp/downloads requirement=llama-cpp-python${VERSION:+==$VERSION}
  mkdir -p "$downloads"
  say "downloading the source of $requirement"
  "$venv/bin/python" -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest "$downloads" "$requirement"
  local archive unpacked
  archive=$(ls -t "$downloads"/llama_cpp_python-*.tar.gz | head -n 1)
  unpacked=$(mktemp -d "$dir/llama.cpp/unpack.XXXXXX")
  tar -xzf "$archive" -C "$unpacked" --strip-components=1
  # The package's change log names the llama.cpp commit; the archive has no other trace of it.
  sed -n 's|.*ggml-org/llama.cpp@\([0-9a-f]*\).*|\1|p' "$unpacked/CHANGELOG.md" | head -n 1 > "$dir/llama.cpp/commit"
  basename "$archive" .tar.gz > "$dir/llama.cpp/package"
  mv "$unpacked/vendor/llama.cpp" "$source"
  rm -rf "$unpacked"
}

# GGML_NATIVE: the best llama.cpp can do on this CPU. No network code, no server, no tests.
llama_libraries() {
  [ -x "$build/bin/llama-quantize" ] && return
  say "building llama.cpp $(cat "$dir/llama.cpp/commit") with $jobs processes"
  { cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_COMMIT="$(cat "$dir/llama.cpp/commit")" &&
    cmake --build "$build" --parallel "$jobs" --target llama llama-quantize
  } > "$dir/llama.cpp/build.log" 2>&1 || { tail -n 40 "$dir/llama.cpp/build.log" >&2; say "see $dir/llama.cpp/build.log"; exit 1; }
}

driver() {
  mkdir -p "$dir/bin"
  ln -sfn "$build/bin/llama-quantize" "$dir/bin/llama-quantize"
  # A wrapper, not a link: through a link Python would not find its environment.
  printf '#!/bin/sh\nexec "%s/bin/python" "$@"\n' "$venv" > "$dir/bin/python"
  chmod +x "$dir/bin/python"
  [ "$dir/bin/llama_peer" -nt "$here/llama_peer.cpp" ] && return
  say "building llama_peer"
  "${CXX:-c++}" -std=c++17 -O2 -Wall -Wextra -DLLAMA_COMMIT="\"$(cat "$dir/llama.cpp/commit")\"" \
    -I "$source/include" -I "$source/ggml/include" "$here/llama_peer.cpp" -o "$dir/bin/llama_peer" \
    -L "$build/bin" -lllama -lggml -lggml-base -Wl,-rpath,"$build/bin"
}

versions() {
  "$dir/bin/python" - <<'PYTHON'
import sys, gguf, importlib.metadata as installed
print("python", sys.version.split()[0])
for name in ("torch", "transformers", "safetensors", "gguf"):
    print(name, installed.version(name))
PYTHON
  echo "$(cat "$dir/llama.cpp/package") with llama.cpp $(cat "$dir/llama.cpp/commit")"
  echo "compiler $("${CXX:-c++}" --version | head -n 1)"
  "$dir/bin/llama_peer" --version
}

python_packages
build_tools
llama_source
llama_libraries
driver
versions
