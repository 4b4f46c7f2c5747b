#!/usr/bin/env python3
"""Measures Hugging Face transformers on the CPU, with the JSON lines of llama_peer.

    transformers_peer.py --model FOLDER --dtype bf16|fp32 --threads 2 --lengths 2048,8192,32768 [--max-seconds S]

transformers' MiniMax continues a filled cache token by token, in Python. Its one fast way to
read a prompt is a single call, so that is what is timed; a speed at a depth, which llama_peer
takes from its last batch, exists here only as `since_previous_tokens_per_second`: the tokens
between two lengths over the difference of their times.
"""

import argparse
import json
import os
import sys
import time

DTYPES = {"bf16": "bfloat16", "fp32": "float32"}
WARM_UP = 256


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, help="a Hugging Face folder")
    parser.add_argument("--dtype", choices=DTYPES, default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lengths", required=True, type=lambda text: sorted(int(part) for part in text.split(",")))
    parser.add_argument("--decode", type=int, default=32)
    parser.add_argument("--max-seconds", type=float, default=0, help="skip lengths that would pass this; 0: none")
    parser.add_argument("--experts", help="how transformers multiplies the experts: eager, batched_mm, grouped_mm (its default)")
    return parser.parse_args()


class Clock:
    """Wall and CPU seconds since it was made."""

    def __init__(self):
        self.start = time.monotonic(), time.process_time()

    def read(self):
        return time.monotonic() - self.start[0], time.process_time() - self.start[1]


def load(options):
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    # No progress bars, and no report of the tables that make_minimax_twin.py leaves out.
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=getattr(torch, DTYPES[options.dtype]))
    if options.experts:
        model.set_experts_implementation(options.experts)
    return model.eval()


def token_ids(model, count):
    """Any ids cost the same: these walk through the vocabulary, as in `docproc model bench`."""
    import torch

    return (torch.arange(count, dtype=torch.long) * 7919 % model.config.vocab_size).unsqueeze(0)


def prefill(model, ids):
    return model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values


def decode(model, cache, ids):
    for position in range(ids.shape[1]):
        model(input_ids=ids[:, position : position + 1], past_key_values=cache, use_cache=True, logits_to_keep=1)


def measure(model, length, decoded):
    ids = token_ids(model, max(length, decoded))
    clock = Clock()
    cache = prefill(model, ids[:, :length])
    prefill_wall, prefill_cpu = clock.read()
    clock = Clock()
    decode(model, cache, ids[:, :decoded])
    decode_wall, decode_cpu = clock.read()
    return {
        "prefill_seconds": round(prefill_wall, 4),
        "prefill_cpu_seconds": round(prefill_cpu, 4),
        "prefill_tokens_per_second": round(length / prefill_wall, 2),
        "decode_tokens": decoded,
        "decode_tokens_per_second": round(decoded / decode_wall, 2),
        "decode_cpu_seconds": round(decode_cpu, 4),
        "peak_rss_bytes": peak_rss_bytes(),
    }


def peak_rss_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def forecast(seen, length):
    """Seconds a token are a straight line in the length (level for linear attention, rising for
    softmax), drawn through the last two lengths; level while there is only one."""
    if not seen:
        return 0.0
    n1, seconds1 = seen[-1]
    per_token, slope = seconds1 / n1, 0.0
    if len(seen) > 1:
        n0, seconds0 = seen[-2]
        slope = max(0.0, (per_token - seconds0 / n0) / (n1 - n0)) if n1 > n0 else 0.0
    return length * (per_token + slope * (length - n1))


def since_previous(seen):
    (n0, seconds0), (n1, seconds1) = ([(0, 0.0)] + seen)[-2:]
    return round((n1 - n0) / (seconds1 - seconds0), 2) if seconds1 > seconds0 and n1 > n0 else None


def head(options, model):
    import torch
    import transformers

    return {
        "engine": "transformers",
        "version": f"{transformers.__version__}, torch {torch.__version__}",
        "model": options.model,
        "format": options.dtype,
        "threads": options.threads,
        "attention": model.config._attn_implementation,
        "experts": model.config._experts_implementation,
    }


def main():
    options = parse()
    # Read by OpenMP when torch is loaded, which is why torch is imported late.
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import torch

    with torch.inference_mode():
        model = load(options)
        decode(model, prefill(model, token_ids(model, WARM_UP)), token_ids(model, 2))
        clock, seen = Clock(), []
        for length in options.lengths:
            line = head(options, model) | {"tokens": length}
            expected = forecast(seen, length)
            if options.max_seconds and clock.read()[0] + expected > options.max_seconds:
                reason = f"would take about {expected:.0f} s, past --max-seconds {options.max_seconds:.0f}"
                line |= {"skipped": reason, "forecast_seconds": round(expected, 1)}
            else:
                line |= measure(model, length, options.decode)
                seen.append((length, line["prefill_seconds"]))
                line["since_previous_tokens_per_second"] = since_previous(seen)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
