#!/usr/bin/env bash
# docproc beside llama.cpp and transformers on this host: one run, one JSON line a figure.
#
#   Benchmarks/compare.sh PEERS OUT [MODEL]
#
# PEERS is what peers/setup.sh, peers/make_minimax_twin.py and peers/smollm2_ggufs.sh have filled
# (bin, twin, smollm2), OUT a folder for the results, MODEL the default model's folder. Runs take
# turns, so that a busy minute of the host does not fall on one engine alone. OPENBLAS_CORETYPE is
# unset: libraries choose by CPU.
set -euo pipefail
peers=${1:?usage: compare.sh PEERS OUT [MODEL]}
out=${2:?usage: compare.sh PEERS OUT [MODEL]}
here=$(cd "$(dirname "$0")" && pwd)
docproc=$here/../.build/release/docproc
model=${3:-smollm2-135m}
threads=${THREADS:-2}
unset OPENBLAS_CORETYPE
export OMP_NUM_THREADS=$threads
mkdir -p "$out"

ours() { # NAME MODEL LENGTHS
  echo "== docproc $1 at $3" >&2
  "$docproc" model bench --model "$2" --threads "$threads" --tokens "$3" --json >"$out/docproc-$1-${3//,/_}.$round.json"
}
llama() { # NAME GGUF LENGTHS UBATCH SECONDS
  echo "== llama.cpp $1 at $3, ubatch $4" >&2
  "$peers/bin/llama_peer" --model "$2" --threads "$threads" --lengths "$3" --ubatch "$4" --flash-attention on \
    --max-seconds "$5" >"$out/llama-$1-ub$4-${3//,/_}.$round.jsonl"
}
huggingface() { # DTYPE LENGTHS
  echo "== transformers $1 at $2" >&2
  "$peers/bin/python" "$here/peers/transformers_peer.py" --model "$peers/twin/hf" --dtype "$1" --threads "$threads" \
    --lengths "$2" --max-seconds 300 >"$out/transformers-twin-$1.$round.jsonl"
}

for precision in int8 int4; do
  [ -d "$out/twin-$precision" ] || "$docproc" model quantize "$peers/twin/hf" "$out/twin-$precision" --to $precision
done

for round in $(seq "${ROUNDS:-2}"); do
  for precision in int8 int4; do ours twin-$precision "$out/twin-$precision" 2048,8192; done
  for format in Q8_0 BF16; do llama twin-$format "$peers/twin/$format.gguf" 2048,8192 128 300; done
  for dtype in fp32 bf16; do huggingface $dtype 2048,8192; done
  ours default "$model" 8192,32768
  for format in Q4_0 Q8_0; do llama default-$format "$peers/smollm2/$format.gguf" 8192 512 300; done
done
round=1
llama default-Q4_0 "$peers/smollm2/Q4_0.gguf" 32768 512 1200
"$here/table.py" "$out"
