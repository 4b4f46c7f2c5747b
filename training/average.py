"""Averages runs that went on one from another: each learned tensor's mean (model soups, arXiv 2203.05482).

    python average.py --out MEAN.pt RUN1/answer/checkpoint.pt RUN2/answer/checkpoint.pt

Checkpoints or exported adapters; the mean, of the tensors that all of them have, is a checkpoint for --start and
export.py. Low-rank parts are averaged factor by factor, which is near the mean of their products only where
one run began with the other's factors.
"""

import argparse
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError

from runs import read_learned


def average(contents):
    """{"learned": tensors by the model's names, in fp32, "low_rank_scale": 1} of [(such tensors, their scale)].

    Raises ValueError where they have no tensor in common, or one in different shapes.
    """
    folded = [{name: value.float() * (scale if name.endswith(".lora_b") else 1) for name, value in tensors.items()} for tensors, scale in contents]
    names = [name for name in folded[0] if all(name in tensors for tensors in folded)]
    differing = [name for name in names if len({tensors[name].shape for tensors in folded}) > 1]
    if not names or differing:
        raise ValueError(f"the shapes of {differing[0]} differ" if differing else "they have no tensor in common")
    return {"learned": {name: torch.stack([tensors[name] for tensors in folded]).mean(0) for name in names}, "low_rank_scale": 1.0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="checkpoint.pt or .safetensors")
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    try:
        torch.save(average([read_learned(path) for path in options.runs]), options.out)
    except (OSError, ValueError, KeyError, RuntimeError, pickle.UnpicklingError, SafetensorError) as error:
        raise SystemExit(f"average.py: {', '.join(map(str, options.runs))}: {str(error).splitlines()[0]}") from error


if __name__ == "__main__":
    main()
