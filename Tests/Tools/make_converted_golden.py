#!/usr/bin/env python3
"""Writes a small random Llama with converted layers (training/README.md, "The converted layer"), with golden logits:

    FIXTURES/llama-converted/{config.json, model.safetensors, golden.json}

The logits are those of training/model.py, computed in float64. One layer keeps softmax attention; the
others have a window, sinks and a linear branch, with strong maps, gains and decays, so that each of
them shows in the logits. Needs torch and safetensors.

    make_converted_golden.py [--out FIXTURES]
"""

import argparse
import sys
from pathlib import Path

import torch

from make_model_goldens import FIXTURES, random_ids, random_weight, relative_error, write_checkpoint, write_golden

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from lightning import KEY_RANGE, Conversion  # noqa: E402
from model import Model, Shape  # noqa: E402

TOKENS, SEED = 250, 70
CONVERSION = Conversion(window=24, sinks=4, map_dim=8, state_heads=2, keep=(2,))
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 96,
    "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 97,
    "rms_norm_eps": 1e-5, "rope_theta": 500.0, "tie_word_embeddings": True,
    "layer_mixers": ["softmax" if layer in CONVERSION.keep else "lightning" for layer in range(4)],
    "window_tokens": CONVERSION.window, "sink_tokens": CONVERSION.sinks, "key_gain_range": KEY_RANGE,
}  # fmt: skip


def random_branch(name, shape, generator):
    """Gains whose key side reaches its bounds now and then; decays from a few tokens to all."""
    noise = torch.randn(shape, generator=generator)
    if name == "log_slope":
        return torch.log(torch.tensor([0.004, 0.15]))[: shape[0]]
    if name.endswith("_map"):
        return 2 * noise / shape[1] ** 0.5
    return {"query_gain": 0.4, "key_gain": 1.2, "query_gain_bias": 1.0, "key_gain_bias": 1.0}.get(name, 0.5) * noise


def random_model(dtype):
    shape = Shape(
        hidden=64, layers=4, heads=4, groups=2, head_dim=16, intermediate=96, vocabulary=97, eps=CONFIG["rms_norm_eps"],
        theta=CONFIG["rope_theta"])
    model, generator = Model(shape, CONVERSION), torch.Generator().manual_seed(SEED)
    for name, parameter in model.named_parameters():
        if ".lightning." in name:
            value = random_branch(name.split(".")[-1], parameter.shape, generator)
        else:
            value = random_weight(name, parameter.shape, generator)
        # What a file of float32 holds, whatever the computation's type is.
        parameter.data = value.float().to(dtype)
    return model.requires_grad_(False)


def stored(model):
    """The tensors as a folder holds them: decays as slopes."""
    tensors = {}
    for name, parameter in model.named_parameters():
        name, value = f"model.{name}", parameter.float().contiguous()
        if name.endswith(".log_slope"):
            name, value = name.replace("log_slope", "slope"), value.exp()
        tensors[name] = value
    return tensors


def logits(dtype):
    """Of every position; in float64 everything is, also what the model converts to float."""
    model, ids = random_model(dtype), random_ids(TOKENS, CONFIG["vocab_size"], SEED)
    as_float = torch.Tensor.float
    if dtype == torch.float64:
        torch.Tensor.float = torch.Tensor.double
    try:
        whole = (model(torch.tensor([ids])) @ model.head.T)[0]
        with model.without_branch():
            bare = (model(torch.tensor([ids])) @ model.head.T)[0]
    finally:
        torch.Tensor.float = as_float
    return ids, whole, bare


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FIXTURES)
    folder = parser.parse_args().out / "llama-converted"
    torch.set_num_threads(1)
    ids, golden, bare = logits(torch.float64)
    _, single, _ = logits(torch.float32)
    write_checkpoint(folder, CONFIG, stored(random_model(torch.float32)))
    # Around the first token that leaves the window and is no sink, and at the end.
    first = CONVERSION.window + CONVERSION.sinks
    positions = [first - 1, first, first + 1, 3 * TOKENS // 4, TOKENS - 1]
    write_golden(folder, "training/model.py, float64", ids, golden, positions)
    print(f"float32 against float64 {relative_error(single, golden):.1e}")
    print(f"without branches {relative_error(bare[positions[1:]], golden[positions[1:]]):.1e}")


if __name__ == "__main__":
    main()
