#!/usr/bin/env python3
"""Writes fixtures' weights as GGUF files, as llama.cpp's conversion lays them out.

    make_gguf_fixtures.py        writes ../Fixtures/gguf/NAME.gguf for NAME of ../Fixtures/models

The folders' golden logits, which are transformers', hold for the files too: what a file says of its
rotary frequencies, in `rope_freqs.weight` (Llama 3) or `rope.scaling` keys (YaRN), has to be read. The
library gguf writes them. Needs gguf, numpy, safetensors and torch.
"""
import json
import math
from pathlib import Path

import gguf
import numpy
from safetensors.torch import load_file

FIXTURES = Path(__file__).parents[1] / "Fixtures"
LAYER = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def neighbours(weight, heads):
    """Rows of a head that rotate together, halves apart in the folder, side by side as llama files have them."""
    rows = weight.shape[0] // heads
    return weight.reshape(heads, 2, rows // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def frequency_divisors(config):
    """What Llama 3 divides its rotary frequencies by: long waves by the factor, short ones by 1."""
    scaling, dim = config["rope_scaling"], config["head_dim"]
    factor, low, high = scaling["factor"], scaling["low_freq_factor"], scaling["high_freq_factor"]
    original = scaling["original_max_position_embeddings"]
    divisors = []
    for index in range(0, dim, 2):
        wave = 2 * math.pi * config["rope_theta"] ** (index / dim)
        share = min(1, max(0, (original / wave - low) / (high - low)))
        divisors.append(1 / ((1 - share) / factor + share))
    return numpy.array(divisors, numpy.float32)


def write(name, architecture):
    folder = FIXTURES / "models" / name
    config = json.loads((folder / "config.json").read_text())
    rope = config.get("rope_parameters") or config
    writer = gguf.GGUFWriter(FIXTURES / "gguf" / f"{name}.gguf", architecture)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope.get("rope_type") == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2" if architecture == "llama" else "qwen2")
    writer.add_token_list([f"t{id}" for id in range(config["vocab_size"])])
    writer.add_token_types([1] * config["vocab_size"])
    writer.add_token_merges(["t 1"])
    if architecture == "llama":
        writer.add_tensor("rope_freqs.weight", frequency_divisors(config))
    for tensor, value in sorted(load_file(folder / "model.safetensors").items()):
        part = tensor.removesuffix(".weight")
        numbers = value.float().numpy()
        if part in OUTER:
            writer.add_tensor(OUTER[part] + ".weight", numbers)
            continue
        _, _, layer, part = part.split(".", 3)
        if architecture == "llama" and part in ("self_attn.q_proj", "self_attn.k_proj"):
            heads = config["num_attention_heads" if "q_" in part else "num_key_value_heads"]
            numbers = neighbours(numbers, heads)
        writer.add_tensor(f"blk.{layer}.{LAYER[part]}.weight", numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    (FIXTURES / "gguf").mkdir(exist_ok=True)
    write("llama3-rope", "llama")
    write("qwen3-yarn", "qwen3")


main()
