#!/usr/bin/env python3
"""Writes small random TransNormerLLM checkpoints with golden logits, one folder a case:

    FIXTURES/NAME/{config.json, model.safetensors, golden.json}

The reference is the authors' modelling code itself, run on the CPU in float64. AUTHORS is a folder with
their modeling_transnormer.py, configuration_transnormer.py, norm.py and utils.py, as published beside the
weights (OpenNLPLab/TransNormerLLM-385M, -1B and -7B on Hugging Face). Their GPU kernels are not used: the
code has plain torch forms of both. Needs torch, safetensors, transformers and einops.

    make_transnormer_goldens.py AUTHORS [--out FIXTURES] [NAME ...]
"""

import argparse
import importlib
import os
import sys
import types
from contextlib import contextmanager
from pathlib import Path

import torch

from make_model_goldens import FIXTURES, random_ids, relative_error, three_positions, write_checkpoint, write_golden

TOKENS = 150  # more than two blocks of 64 and not a multiple
CHECKED_TOKENS = 300  # the authors' blocks have 256
REFERENCE = "the authors' modeling_transnormer.py, float64, weights as stored"
# Three ways through the authors' code must agree to rounding: in blocks, quadratic, token by token.
TOLERANCE = 1e-11


# --- The authors' code --------------------------------------------------------------------------------


def load_authors(folder):
    """Imports the authors' files as a package, without their Triton kernels."""
    os.environ["use_triton"] = "False"
    package = types.ModuleType("transnormer_authors")
    package.__path__ = [str(folder)]
    kernels = types.ModuleType(package.__name__ + ".srmsnorm_triton")
    kernels.SimpleRMSNorm = None  # imported by name, never called
    sys.modules.update({package.__name__: package, kernels.__name__: kernels})
    return importlib.import_module(package.__name__ + ".modeling_transnormer")


class Float64Torch:
    """Stands for `torch` inside the authors' module, where float32 is written out for the state."""

    float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


@contextmanager
def in_float64(authors):
    float_method = torch.Tensor.float
    torch.set_default_dtype(torch.float64)  # parameters, and slopes that are not powers of two
    torch.Tensor.float = torch.Tensor.double  # the norms
    authors.torch = Float64Torch()
    try:
        yield
    finally:
        authors.torch = torch
        torch.Tensor.float = float_method
        torch.set_default_dtype(torch.float32)


def build(authors, config, tensors):
    """A fresh model: the authors' layers remember the position of the last token they saw."""
    fields = {key: value for key, value in config.items() if key not in ("architectures", "auto_map", "torch_dtype")}
    model = authors.TransnormerForCausalLM(authors.TransnormerConfig(**fields))
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    # Where config.json is silent the library ties, as it did when these models were published.
    tied = config.get("tie_word_embeddings", True)
    if unexpected or missing != (["lm_head.weight"] if tied else []):
        raise SystemExit(f"tensors do not fit: missing {missing}, unexpected {unexpected}")
    if tied:
        model.lm_head.weight = model.model.embed_tokens.weight
    return model


def block_logits(authors, config, tensors, ids):
    """The inference path over the whole prompt."""
    with torch.no_grad():
        return build(authors, config, tensors).eval()(torch.tensor([ids]), use_cache=False).logits[0]


def quadratic_logits(authors, config, tensors, ids):
    """The training path; the network has no dropout."""
    with torch.no_grad():
        return build(authors, config, tensors).train()(torch.tensor([ids]), use_cache=False).logits[0]


def token_logits(authors, config, tensors, ids, prompt):
    """A prompt and then one token a call, which is how the authors generate."""
    model = build(authors, config, tensors).eval()
    rows, states = [], None
    with torch.no_grad():
        for part in [ids[:prompt], *([token] for token in ids[prompt:])]:
            output = model(torch.tensor([part]), past_key_values=states, use_cache=True)
            rows.append(output.logits[0])
            states = output.past_key_values
    return torch.cat(rows)


# --- Checkpoints --------------------------------------------------------------------------------------


def transnormer_config(**changes):
    """A config.json with the keys of the published ones, in small. Those of 385M, 1B and 7B have no
    model_type."""
    config = {
        "architectures": ["TransnormerForCausalLM"],
        "auto_map": {
            "AutoConfig": "configuration_transnormer.TransnormerConfig",
            "AutoModelForCausalLM": "modeling_transnormer.TransnormerForCausalLM",
        },
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "vocab_size": 64,
        "use_cache": True,
        "init_std": 0.02,
        "decoder_embed_dim": 48,
        "decoder_layers": 3,
        "decoder_attention_heads": 6,
        "no_scale_embedding": False,
        "add_bos_token": False,
        "norm_type": "simplermsnorm",
        "linear_use_lrpe_list": [1, 0, 0],
        "hidden_dim": 48,
        "linear_act_fun": "swish",
        "glu_dim": 20,
        "bias": False,
        "torch_dtype": "float32",
        "transformers_version": "4.32.0",
    }
    config.update(changes)
    return config


def transnormer_shapes(config):
    """Published tensor names and their shapes. The norms have no weights."""
    width, inner, glu = config["decoder_embed_dim"], config["hidden_dim"], config["glu_dim"]
    heads = config["decoder_attention_heads"]
    shapes = {"model.embed_tokens.weight": (config["vocab_size"], width)}
    for layer, lrpe in enumerate(config["linear_use_lrpe_list"]):
        token, channel = f"model.layers.{layer}.token_mixer.", f"model.layers.{layer}.channel_mixer."
        shapes[token + "qkvu_proj.weight"] = (4 * inner, width)
        shapes[token + "out_proj.weight"] = (width, inner)
        if lrpe:
            shapes[token + "lrpe.theta"] = (heads, 1, width // heads)
        shapes[channel + "l1.weight"] = (glu, width)
        shapes[channel + "l2.weight"] = (glu, width)
        shapes[channel + "l3.weight"] = (width, glu)
    if not config.get("tie_word_embeddings", True):
        shapes["lm_head.weight"] = (config["vocab_size"], width)
    return shapes


def random_transnormer(config, seed, quiet_layer):
    """Strong enough that every part shows in the logits. In `quiet_layer` q, k and v are small, so that the
    epsilon of the norm behind the attention counts."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in transnormer_shapes(config).items():
        noise = torch.randn(shape, generator=generator, dtype=torch.float64)
        if "embed_tokens" in name:
            tensor = 0.3 * noise
        elif name.endswith("lrpe.theta"):
            # Learned, from the start 10000^(-2 i / (heads * head_dim)) with i over all heads.
            size = shape[0] * shape[2]
            start = 10000.0 ** (-2 / size * torch.arange(size, dtype=torch.float64))
            tensor = start.reshape(shape) * (1 + 0.2 * noise)
        else:
            tensor = 1.5 * noise / shape[-1] ** 0.5
        if name == f"model.layers.{quiet_layer}.token_mixer.qkvu_proj.weight":
            tensor[: 3 * config["hidden_dim"]] *= 0.12
        tensors[name] = tensor.float()
    return tensors


# --- Cases --------------------------------------------------------------------------------------------


def transnormer_case(authors, folder, config, seed, quiet_layer):
    tensors = random_transnormer(config, seed, quiet_layer)
    write_checkpoint(folder, config, tensors)
    ids = random_ids(CHECKED_TOKENS, config["vocab_size"], seed)
    with in_float64(authors):
        logits = block_logits(authors, config, tensors, ids)
        quadratic = relative_error(quadratic_logits(authors, config, tensors, ids), logits)
        stepwise = relative_error(token_logits(authors, config, tensors, ids, TOKENS // 3), logits)
    if logits.dtype != torch.float64 or max(quadratic, stepwise) > TOLERANCE:
        raise SystemExit(f"{folder.name}: the authors' paths differ by {quadratic:.1e} and {stepwise:.1e}")
    write_golden(folder, REFERENCE, ids[:TOKENS], logits, three_positions(TOKENS))
    float32 = relative_error(block_logits(authors, config, tensors, ids), logits)
    return f"paths agree to {quadratic:.1e} and {stepwise:.1e}, float32 to {float32:.1e}"


def published(authors, folder):
    """As the published models: LRPE in the first layer, scaled and tied embeddings; six heads, so that the
    slopes are not those of a power of two."""
    return transnormer_case(authors, folder, transnormer_config(), 800, quiet_layer=1)


def plain(authors, folder):
    """The other settings of the authors' code: no LRPE, unscaled and untied embeddings, another activation,
    an inner width of its own."""
    config = transnormer_config(
        model_type="transnormer", vocab_size=72, decoder_embed_dim=40, decoder_layers=2, decoder_attention_heads=4,
        no_scale_embedding=True, linear_use_lrpe_list=[0, 0], hidden_dim=64, linear_act_fun="relu", glu_dim=24,
        tie_word_embeddings=False,
    )  # fmt: skip
    return transnormer_case(authors, folder, config, 810, quiet_layer=1)


CASES = {"transnormer": published, "transnormer-plain": plain}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("authors", type=Path, metavar="AUTHORS", help="folder of the authors' modelling code")
    parser.add_argument("--out", type=Path, default=FIXTURES)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these cases")
    args = parser.parse_args()
    torch.set_num_threads(1)
    authors = load_authors(args.authors)
    for name in args.names or CASES:
        print(f"{name}: {CASES[name](authors, args.out / name)}", flush=True)


if __name__ == "__main__":
    main()
