"""Writes what training changed as one small safetensors file with a JSON description beside it.

Branches are kept in fp32 (they are small), projections' changes as low-rank factors: those that
were trained, or the best ones of a full change (--svd-rank). Factors can be int8 with one scale
a row. Tensor names continue the base model's.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from lightning import KEY_RANGE, Conversion
from model import Model
from runs import load_learned

ENGINE_STEP = 64  # BRANCH_STEP in Sources/CKernels/include/CKernels.h
BRANCH = {
    "query_map": "[heads, head_dim, map_dim]", "query_map_bias": "[heads, map_dim]", "query_gain": "[heads, head_dim]",
    "query_gain_bias": "[heads]", "key_map": "[states, head_dim, map_dim]", "key_map_bias": "[states, map_dim]",
    "key_gain": "[states, head_dim]", "key_gain_bias": "[states]", "slope": "[states], -ln of the decay per token"}


def quantized(name, value):
    """{name.int8, name.scale}: value ~ int8 * scale, one scale a row."""
    scale = value.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
    return {f"{name}.int8": (value / scale).round().to(torch.int8), f"{name}.scale": scale[:, 0].contiguous()}


def truncated(delta, rank):
    """The best factors (a, b) of a matrix, delta ~ b a, of about equal size."""
    u, s, v = torch.linalg.svd(delta.double(), full_matrices=False)
    root = s[:rank].sqrt()
    return (root[:, None] * v[:rank]).float(), (u[:, :rank] * root).float()


def collect(model, base, svd_rank):
    """(tensors by name, names of full-precision extras): branches, low-rank factors, changed norms."""
    small, factors, original = {}, {}, dict(base.named_parameters())
    for index, block in model.converted():
        branch, prefix = block.self_attn.lightning, f"model.layers.{index}.self_attn.lightning."
        small.update({prefix + name: value for name, value in branch.named_parameters() if name != "log_slope"})
        small[prefix + "slope"] = branch.slope()
    for name, module in model.projections():
        factors.update(_factors(f"model.{name}", module, original[f"{name}.weight"], svd_rank))
    for name, value in model.named_parameters():
        if value.ndim == 1 and name in original and not torch.equal(value, original[name]):
            small[f"model.{name}"] = value
    return {name: value.detach().float().contiguous() for name, value in small.items()}, factors


def _factors(name, module, original, svd_rank):
    """{name.lora_a, name.lora_b} with the scale folded into b."""
    if not torch.equal(module.weight, original):
        change = module.weight - original
        if module.lora_a is not None:
            change = change + module.scale * module.lora_b @ module.lora_a
        if not svd_rank:
            raise SystemExit(f"{name} was trained in full: give --svd-rank")
        a, b = truncated(change, svd_rank)
    elif module.lora_a is not None:
        a, b = module.lora_a, module.lora_b * module.scale
    else:
        return {}
    return {f"{name}.lora_a": a.detach().contiguous(), f"{name}.lora_b": b.detach().contiguous()}


def description(conversion, base_file, file):
    return {
        "format": 1,
        "base_sha256": hashlib.sha256(base_file.read_bytes()).hexdigest(),
        "adapter_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "window_tokens": conversion.window, "sink_tokens": conversion.sinks, "state_heads": conversion.state_heads,
        "features": 2 * conversion.map_dim, "softmax_layers": list(conversion.keep), "key_gain_range": KEY_RANGE,
        "branch_tensors": BRANCH,
        "low_rank": "W x + lora_b (lora_a x); a factor NAME may be NAME.int8 times NAME.scale by row",
        "formula": "training/README.md"}


def write(model, base, conversion, base_file, out, int8, svd_rank):
    small, factors = collect(model, base, svd_rank)
    tensors = dict(small)
    for name, value in factors.items():
        tensors.update(quantized(name, value) if int8 else {name: value.half()})
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, metadata={"format": "pt"})
    out.with_suffix(".json").write_text(json.dumps(description(conversion, base_file, out), indent=1))
    size = lambda names: sum(tensors[name].numel() * tensors[name].element_size() for name in names) / 2**20
    print(f"branches and norms {size(small):.2f} MiB, factors {size(set(tensors) - set(small)):.2f} MiB, {len(tensors)} tensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--start", required=True, nargs="+", help="checkpoints of train.py or exported adapters, one over the other")
    parser.add_argument("--base", type=Path, help="the file whose SHA-256 is recorded: the GGUF that model install converts; model.safetensors by default")
    parser.add_argument("--out", required=True, type=Path, help="the .safetensors to write")
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--svd-rank", type=int, default=0)
    arguments = parser.parse_args()
    conversion = Conversion.of(json.loads(Path(arguments.config).read_text())["conversion"])
    if conversion.step != ENGINE_STEP:
        raise SystemExit(f"the engine moves the window by {ENGINE_STEP} tokens at a time: {arguments.config} says {conversion.step}")
    model, base = Model.load(arguments.model, conversion), Model.load(arguments.model)
    for start in arguments.start:
        load_learned(model, start)
    base_file = arguments.base or arguments.model / "model.safetensors"
    write(model, base, conversion, base_file, arguments.out, arguments.int8, arguments.svd_rank)


if __name__ == "__main__":
    main()
