"""Perplexity of teacher, student, and student with its linear branches off, at several lengths.

The last is the control: what the branches are worth is the student's distance from it. Beside
the whole, the second half of each window is given, where memory counts.
"""

import argparse
import csv
import json
import math
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from lightning import Conversion
from model import Model
from prompts import Prompts
from runs import load_learned
from stages import lower_precision


@torch.no_grad()
def losses(model, ids, slice_rows=512):
    """-ln p of each token of ids [batch, tokens] but the first: [batch, tokens - 1]."""
    hidden, targets = model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten()
    parts = []
    for start in range(0, len(hidden), slice_rows):
        rows = slice(start, start + slice_rows)
        logits = F.linear(hidden[rows].to(model.head.dtype), model.head).float()
        parts.append(F.cross_entropy(logits, targets[rows], reduction="none"))
    return torch.cat(parts).view(len(ids), -1)


def windows(tokens, length, count):
    """`count` windows, evenly spread over the text; fewer if it is shorter."""
    count = min(count, len(tokens) // length)
    starts = np.linspace(0, len(tokens) - length, max(count, 1)).astype(int)
    return [torch.from_numpy(tokens[start:start + length].copy())[None] for start in starts if start + length <= len(tokens)]


def measure(model, texts, length, count, device, precision):
    """Perplexity over whole windows and over their second halves."""
    whole, late = [], []
    for tokens in texts:
        for ids in windows(tokens, length, count):
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                loss = losses(model, ids.to(device))[0].double()
            whole.append(loss.mean().item())
            late.append(loss[length // 2:].mean().item())
    mean = lambda values: math.exp(sum(values) / len(values)) if values else math.nan
    return mean(whole), mean(late), len(whole)


def read_tokens(path, prompts, limit):
    """Text is encoded, a .bin of data.py taken as it is."""
    if path.suffix == ".bin":
        return np.fromfile(path, np.uint16, limit).astype(np.int64)
    return np.array(prompts.encode(path.read_text(encoding="utf-8")[:limit * 8])[:limit], dtype=np.int64)


def student(arguments, config):
    model = Model.load(arguments.model, Conversion.of(config["conversion"]))
    if arguments.start:
        load_learned(model, arguments.start)
    return model.requires_grad_(False)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True, nargs="+", type=Path, help="held-out text, or token files of data.py")
    parser.add_argument("--start", help="a checkpoint of calibrate.py or train.py, or an adapter of export.py")
    parser.add_argument("--lengths", type=int, nargs="+", default=[1024, 2048, 4096, 8192])
    parser.add_argument("--windows", type=int, default=4, help="per text and length")
    parser.add_argument("--variants", nargs="+", default=["teacher", "student", "branch_off"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int)
    return parser.parse_args()


def report(models, texts, arguments):
    writer = csv.writer(sys.stdout)
    writer.writerow(["length", "variant", "perplexity", "second_half", "windows"])
    for length in arguments.lengths:
        for variant in arguments.variants:
            model = models["teacher" if variant == "teacher" else "student"]
            with model.without_branch() if variant == "branch_off" else nullcontext():
                whole, late, count = measure(model, texts, length, arguments.windows, arguments.device, arguments.precision)
            writer.writerow([length, variant, f"{whole:.4f}", f"{late:.4f}", count])
            sys.stdout.flush()


def main():
    arguments = parse()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    prompts = Prompts(arguments.model)
    limit = max(arguments.lengths) * arguments.windows * 2
    texts = [read_tokens(path, prompts, limit) for path in arguments.text]
    config = json.loads(Path(arguments.config).read_text())
    models = {"teacher": Model.load(arguments.model), "student": student(arguments, config)}
    models = {name: lower_precision(model, arguments.precision).to(arguments.device) for name, model in models.items()}
    report(models, texts, arguments)


if __name__ == "__main__":
    main()
