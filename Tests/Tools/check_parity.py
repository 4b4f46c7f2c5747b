#!/usr/bin/env python3
"""Compares the engine's logits with the references on random configurations and random weights.

MiniMax checkpoints are compared with minimax_reference.py in float64, Llama checkpoints with
transformers. The engine is called as

    BIN model logits DIR --ids 1,2,3 --all --json

and prints one JSON object {"position": p, "logits": [...]} a line. The error of a case is the largest
||a - b|| / ||b|| of a position; beside it stands the error that the reference itself makes in float32.
transformers always keeps its rotary tables in float32, which costs it some 3e-5 after 600 positions.
Exits 1 when a case is above the tolerance or the engine fails.

    check_parity.py [--bin BIN] [--cases 20] [--seed 0] [--only minimax|llama] [--keep DIR]
"""

import argparse
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from make_model_goldens import (
    minimax_config, random_ids, random_minimax, randomise, relative_error, save_transformers, transformers_logits,
    use_classic_keys, write_checkpoint,
)  # fmt: skip
from minimax_reference import MiniMax

BIN = Path(__file__).resolve().parent.parent.parent / ".build" / "release" / "docproc"
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
ROUTER_MARGIN = 1e-4  # below it float32 and float64 may rightly choose different experts


def random_minimax_config(rng):
    layers, heads, head_dim = rng.randint(1, 6), rng.randint(1, 12), rng.choice([2, 4, 6, 8, 10, 12, 16, 24, 32])
    experts, width = rng.randint(1, 6), rng.randint(8, 48)
    factors = {
        f"layernorm_{kind}_{factor}": round(rng.uniform(low, high), 3)
        for kind in ["full_attention", "linear_attention", "mlp"]
        for factor, low, high in [("alpha", 0.8, 2.0), ("beta", 0.6, 1.4)]
    }
    text01 = rng.random() < 0.5
    return minimax_config(
        **factors,
        architectures=["MiniMaxText01ForCausalLM" if text01 else "MiniMaxM1ForCausalLM"],
        model_type="minimax_text_01" if text01 else "minimax_m1",
        attn_type_list=[int(rng.random() < 0.35) for _ in range(layers)],
        hidden_size=rng.randint(8, 64),
        intermediate_size=width,
        num_attention_heads=heads,
        num_key_value_heads=rng.choice([n for n in range(1, heads + 1) if heads % n == 0]),
        head_dim=head_dim,
        rotary_dim=2 * rng.randint(1, head_dim // 2),
        rope_theta=rng.choice([10000, 1000000, 10000000]),
        rms_norm_eps=rng.choice([1e-5, 1e-6, 1e-3]),
        num_local_experts=experts,
        num_experts_per_tok=min(experts, rng.randint(1, 2)),
        shared_intermediate_size=width if rng.random() < 0.25 else 0,
        postnorm=rng.random() < 0.75,
        tie_word_embeddings=rng.random() < 0.5,
        vocab_size=rng.randint(16, 160),
    )


def random_llama_config(rng):
    heads = rng.randint(1, 12)
    rope = {"rope_type": "default", "rope_theta": rng.choice([10000.0, 100000.0, 500000.0])}
    if rng.random() < 0.4:
        rope.update(rope_type="llama3", factor=rng.choice([4.0, 8.0, 32.0]), low_freq_factor=1.0, high_freq_factor=4.0,
                    original_max_position_embeddings=rng.choice([32, 64, 128]))  # fmt: skip
    return {
        "vocab_size": rng.randint(16, 160),
        "hidden_size": heads * rng.randint(2, max(2, 64 // heads)),  # transformers insists on a multiple
        "intermediate_size": rng.randint(8, 96),
        "num_hidden_layers": rng.randint(1, 5),
        "num_attention_heads": heads,
        "num_key_value_heads": rng.choice([n for n in range(1, heads + 1) if heads % n == 0]),
        "head_dim": rng.choice([2, 4, 6, 8, 10, 12, 16, 24, 32]),
        "rms_norm_eps": rng.choice([1e-5, 1e-6, 1e-3]),
        "tie_word_embeddings": rng.random() < 0.5,
        "max_position_embeddings": 2048,
        "rope_parameters": rope,
    }


def random_length(rng):
    """Mostly short, sometimes across the engine's block borders."""
    return rng.choice([1, 2, rng.randint(3, 40), rng.randint(3, 40), rng.randint(3, 40), rng.randint(100, 600)])


def make_minimax(folder, rng):
    """Writes a case; returns its ids, the float64 and float32 logits, and a label."""
    config, (dtype_name, dtype) = random_minimax_config(rng), rng.choice(list(DTYPES.items()))
    tokens, shards = random_length(rng), rng.choice([1, 1, 2, 3])
    # A lightning output small enough for its norm's epsilon to count, in some layers.
    gains = [rng.choice([1.0, 1.0, 0.3]) for _ in config["attn_type_list"]]
    for _ in range(50):
        seed = rng.randrange(2**31)
        tensors, ids = random_minimax(config, seed, dtype, gains), random_ids(tokens, config["vocab_size"], seed)
        for old in folder.glob("*"):
            old.unlink()
        write_checkpoint(folder, config, tensors, shards)
        model = MiniMax(folder)
        logits = model(ids)
        if model.smallest_router_margin > ROUTER_MARGIN:
            break
    else:
        raise SystemExit("no seed keeps the routing clear of ties")
    label = "minimax {kinds} heads {num_attention_heads}/{num_key_value_heads}x{head_dim} rotary {rotary_dim} " \
            "experts {num_local_experts} top {num_experts_per_tok}".format(
                kinds="".join(map(str, config["attn_type_list"])), **config)  # fmt: skip
    flags = [("shared_intermediate_size", "shared"), ("tie_word_embeddings", "tied")]
    label += "".join(f" {name}" for key, name in flags if config[key])
    label += f"{'' if config['postnorm'] else ' prenorm'} {dtype_name}, {tokens} ids"
    return ids, logits, MiniMax(folder, torch.float32)(ids), label


def make_llama(folder, rng):
    from transformers import LlamaConfig, LlamaForCausalLM

    config, (dtype_name, dtype) = random_llama_config(rng), rng.choice(list(DTYPES.items()))
    seed, tokens = rng.randrange(2**31), random_length(rng)
    model = LlamaForCausalLM(LlamaConfig(**config))
    randomise(model, seed)
    save_transformers(folder, model, dtype)
    if rng.random() < 0.5:
        use_classic_keys(folder)
    ids = random_ids(tokens, config["vocab_size"], seed)
    label = "llama {num_hidden_layers} layers ".format(**config)
    label += "heads {num_attention_heads}/{num_key_value_heads}x{head_dim}".format(**config)
    label += " tied" if config["tie_word_embeddings"] else ""
    label += f" rope {config['rope_parameters']['rope_type']} {dtype_name}, {tokens} ids"
    return ids, transformers_logits(folder, ids), transformers_logits(folder, ids, torch.float32), label


def engine_logits(binary, folder, ids):
    """Logits of all positions, or None with a message when the engine fails."""
    command = [binary, "model", "logits", folder, "--ids", ",".join(map(str, ids)), "--all", "--json"]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if run.returncode:
        return None, f"exit {run.returncode}: {run.stderr.strip()[-500:]}"
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
    if [line["position"] for line in lines] != list(range(len(ids))):
        return None, f"{len(lines)} lines for {len(ids)} ids, or positions out of order"
    return torch.tensor([line["logits"] for line in lines], dtype=torch.float64), ""


def check(make, folder, rng, args):
    """The error of one case; infinite when the engine failed."""
    folder.mkdir(parents=True, exist_ok=True)
    ids, expected, float32, label = make(folder, rng)
    actual, message = engine_logits(args.bin, folder, ids)
    if actual is None or actual.shape != expected.shape:
        print(f"FAILED   {label}: {message or f'shape {tuple(actual.shape)}, not {tuple(expected.shape)}'}", flush=True)
        return math.inf
    error = relative_error(actual, expected)
    error = math.inf if math.isnan(error) else error
    mark = "ok  " if error <= args.tolerance else "HIGH"
    print(f"{mark} {error:.1e} (float32 reference {relative_error(float32, expected):.1e})  {label}", flush=True)
    return error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=BIN, help="the engine's executable (default: %(default)s)")
    parser.add_argument("--cases", type=int, default=20, help="number of seeds for each family")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--only", choices=["minimax", "llama"])
    parser.add_argument("--keep", type=Path, help="write the checkpoints here and leave them")
    args = parser.parse_args()
    if not shutil.which(args.bin):
        parser.error(f"{args.bin} is no executable")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)

    families = {"minimax": make_minimax, "llama": make_llama}
    worst = {}
    with tempfile.TemporaryDirectory() as temporary:
        root = args.keep or Path(temporary)
        for name, make in families.items():
            if args.only in (None, name):
                seeds = range(args.seed, args.seed + args.cases)
                worst[name] = max(check(make, root / f"{name}-{s}", random.Random(f"{name}-{s}"), args) for s in seeds)
    for name, error in worst.items():
        print(f"{name}: {args.cases} cases, largest error {error:.1e}, tolerance {args.tolerance:.0e}")
    sys.exit(int(max(worst.values()) > args.tolerance))


if __name__ == "__main__":
    main()
