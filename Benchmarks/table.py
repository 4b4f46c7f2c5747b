#!/usr/bin/env python3
"""Prints what compare.sh measured as Markdown tables, with ratios to the best of docproc's runs.

    table.py OUT

Of several rounds the fastest counts, for every engine alike.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path


def ours(path):
    report = json.loads(path.read_text())
    for entry in report["measurements"]:
        yield entry["tokens"], entry["prefill_tokens_per_second"], entry["decode_tokens_per_second"], entry["peak_rss_bytes"]


def theirs(path):
    for line in path.read_text().splitlines():
        entry = json.loads(line) if line.startswith("{") else {}
        if "prefill_tokens_per_second" in entry:
            yield entry["tokens"], entry["prefill_tokens_per_second"], entry["decode_tokens_per_second"], entry["peak_rss_bytes"]


def collect(folder):
    """{model: {engine: {tokens: [prefill, decode, rss]}}}, the fastest of all rounds."""
    figures = defaultdict(lambda: defaultdict(dict))
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".json", ".jsonl"):
            continue
        engine, model, variant = label(path.name)
        for tokens, prefill, decode, rss in (ours if path.suffix == ".json" else theirs)(path):
            best = figures[model][f"{engine} {variant}"].setdefault(tokens, [0, 0, float("inf")])
            best[:] = [max(best[0], prefill), max(best[1], decode), min(best[2], rss)]
    return figures


def label(name):
    """docproc-twin-int8-2048_8192.1.json -> docproc, twin, int8"""
    words = name.split(".")[0].split("-")
    engine = {"llama": "llama.cpp"}.get(words[0], words[0])
    return engine, words[1], words[2] if len(words) > 2 and not words[2][0].isdigit() else ""


def print_table(model, engines):
    lengths = sorted({tokens for runs in engines.values() for tokens in runs})
    print(f"\n### {model}\n")
    head = [f"{what} {tokens // 1024}k" for tokens in lengths for what in ("prefill", "decode")]
    print("| engine | " + " | ".join(head) + " | peak MiB |\n|---|" + "---|" * (len(head) + 1))
    best = {tokens: [max((runs[tokens][i] for name, runs in engines.items() if "docproc" in name and tokens in runs), default=0) for i in (0, 1)] for tokens in lengths}
    for name, runs in sorted(engines.items(), key=lambda item: ("docproc" not in item[0], item[0])):
        cells = [cell(runs.get(tokens), best[tokens], i, "docproc" in name) for tokens in lengths for i in (0, 1)]
        peak = max(run[2] for run in runs.values()) / 2**20
        print(f"| {name} | " + " | ".join(cells) + f" | {peak:.0f} |")


def cell(run, best, i, is_ours):
    if run is None:
        return "-"
    return f"{run[i]:.0f}" if is_ours or not run[i] else f"{run[i]:.0f} ({best[i] / run[i]:.1f}x)"


if __name__ == "__main__":
    for model, engines in sorted(collect(Path(sys.argv[1])).items()):
        print_table(model, engines)
