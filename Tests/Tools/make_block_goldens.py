#!/usr/bin/env python3
"""Writes Fixtures/block-formats.json: random blocks of GGUF's formats and 8-bit floats, and the
numbers that the gguf package (numpy code of llama.cpp's authors) and torch read in them.

Needs gguf and torch; deterministic for given versions.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize

OUT = Path(__file__).resolve().parent.parent / "Fixtures" / "block-formats.json"
# Bytes of a block, weights of a block, and where its float16 scales stand.
FORMATS = {"Q8_0": (34, 32, [0]), "Q4_0": (18, 32, [0]), "Q4_1": (20, 32, [0, 2]), "Q4_K": (144, 256, [0, 2]), "Q6_K": (210, 256, [208])}
BLOCKS = 2


def blocks(random, size, scales):
    """Random bytes with scales that are finite and of usual size."""
    rows = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for at in scales:
        rows[:, at : at + 2] = random.uniform(0.001, 0.1, (BLOCKS, 1)).astype(np.float16).view(np.uint8)
    return rows


def main():
    random = np.random.default_rng(5)
    result = {}
    for name, (size, weights, scales) in FORMATS.items():
        stored = blocks(random, size, scales)
        numbers = dequantize(stored, Type[name]).reshape(-1)
        assert numbers.size == BLOCKS * weights
        result[name] = entry(stored, numbers)
    codes = np.array([code for code in range(256) if code & 127 != 127], dtype=np.uint8)
    result["F8_E4M3"] = entry(codes, torch.from_numpy(codes).view(torch.float8_e4m3fn).float().numpy())
    OUT.write_text(json.dumps(result) + "\n")


def entry(stored, numbers):
    return {"bytes": base64.b64encode(stored.tobytes()).decode(), "numbers": [float(number) for number in numbers]}


if __name__ == "__main__":
    main()
