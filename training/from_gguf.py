"""Makes model.safetensors (f16) of a Llama GGUF: a third of the bytes to carry to another machine.

config.json and tokenizer.json are copied from --like. The package `gguf` reads every
quantization; the same file gives the same weights as the folder that was converted elsewhere.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file

NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def renamed(name):
    if name.startswith("blk."):
        _, layer, kind, _ = name.split(".")
        return f"model.layers.{layer}.{NAMES[kind]}.weight"
    return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}[name]


def halves_first(values, heads):
    """GGUF has rotary pairs beside each other, Hugging Face folders first halves first."""
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def convert(tensor, config):
    values = dequantize(tensor.data, tensor.tensor_type)
    for kind, heads in (("attn_q", "num_attention_heads"), ("attn_k", "num_key_value_heads")):
        if f".{kind}.weight" in tensor.name:
            values = halves_first(values, config[heads])
    return torch.from_numpy(np.array(values, np.float32 if values.ndim == 1 else np.float16))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("--like", required=True, type=Path, help="folder with config.json and tokenizer.json")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = json.loads((arguments.like / "config.json").read_text())
    arguments.out.mkdir(parents=True, exist_ok=True)
    tensors = {renamed(tensor.name): convert(tensor, config) for tensor in GGUFReader(arguments.gguf).tensors}
    save_file(tensors, arguments.out / "model.safetensors", metadata={"format": "pt"})
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(arguments.like / name, arguments.out / name)


if __name__ == "__main__":
    main()
