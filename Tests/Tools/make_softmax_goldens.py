#!/usr/bin/env python3
"""Writes small random MiniMax-M2 and Qwen3 checkpoints with golden logits, one folder a case:

    FIXTURES/NAME/{config.json, model.safetensors, golden.json}

The logits are those of the transformers library over the stored weights. softmax_reference.py must agree
with them, which refuses library versions that ignore the `rotary_dim` of MiniMax-M2 and turn whole heads,
and it tells how clear of ties the routing is. Needs torch, safetensors and transformers; deterministic for
given versions.

    make_softmax_goldens.py [--out FIXTURES] [NAME ...]
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch

from make_model_goldens import (
    FIXTURES, ROUTER_MARGIN, random_ids, random_weight, randomise, relative_error, save_transformers,
    three_positions, transformers_logits, use_classic_keys, write_checkpoint, write_golden,
)  # fmt: skip
from softmax_reference import Decoder

TOKENS = 150  # more than two blocks of 64 and not a multiple
AGREEMENT = 1e-5  # the library's norms, softmax and rotary tables stay float32
BIASED_TOKENS = 30  # so many must go to other experts for the correction bias, in each layer


def finish(folder, ids, decoder, expected, values=None):
    """Writes the library's logits. `values` is a folder of the same weights that the library can read."""
    name = json.loads((folder / "config.json").read_text())["architectures"][0]
    logits = transformers_logits(values or folder, ids)
    difference = relative_error(expected, logits)
    if difference > AGREEMENT:
        raise SystemExit(f"{folder.name}: transformers and the plain form differ by {difference}")
    write_golden(folder, f"transformers {name}, float64 weights", ids, logits, three_positions(TOKENS))
    float32 = relative_error(transformers_logits(values or folder, ids, torch.float32), logits)
    routing = f", router margin {decoder.margin:.1e}" if decoder.biased else ""
    return f"plain form differs by {difference:.1e}, float32 by {float32:.1e}{routing}"


# --- MiniMax-M2 ---------------------------------------------------------------------------------------


def m2_config(**changes):
    """A config.json with the keys of the published ones, in small."""
    config = {
        "architectures": ["MiniMaxM2ForCausalLM"],
        "attn_type_list": None,
        "auto_map": {
            "AutoConfig": "configuration_minimax_m2.MiniMaxM2Config",
            "AutoModelForCausalLM": "modeling_minimax_m2.MiniMaxM2ForCausalLM",
        },
        "dtype": "float32",
        "head_dim": 16,
        "hidden_act": "silu",
        "hidden_size": 32,
        "intermediate_size": 16,
        "max_position_embeddings": 4096,
        "model_type": "minimax_m2",
        "mtp_transformer_layers": 1,
        "num_attention_heads": 4,
        "num_experts_per_tok": 3,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "num_local_experts": 8,
        "num_mtp_modules": 3,
        "qk_norm_type": "per_layer",
        "rms_norm_eps": 1e-06,
        "rope_theta": 5000000,
        "rotary_dim": 6,
        "scoring_func": "sigmoid",
        "shared_intermediate_size": 0,
        "tie_word_embeddings": False,
        "use_cache": True,
        "use_mtp": True,
        "use_qk_norm": True,
        "use_routing_bias": True,
        "vocab_size": 64,
    }
    config.update(changes)
    config["attn_type_list"] = [1] * config["num_hidden_layers"]
    return config


def m2_tensors(config, seed):
    """Published tensor names, without the multi-token-prediction modules that loaders skip."""
    c, head_dim = config, config["head_dim"]
    hidden, inner = c["hidden_size"], c["intermediate_size"]
    q, kv = c["num_attention_heads"] * head_dim, c["num_key_value_heads"] * head_dim
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], hidden)}
    for layer in range(c["num_hidden_layers"]):
        attention, moe = f"model.layers.{layer}.self_attn.", f"model.layers.{layer}.block_sparse_moe."
        for part, width in ("q", q), ("k", kv), ("v", kv):
            shapes[f"{attention}{part}_proj.weight"] = (width, hidden)
        shapes[attention + "o_proj.weight"] = (hidden, q)
        shapes[attention + "q_norm.weight"] = (q,)
        shapes[attention + "k_norm.weight"] = (kv,)
        shapes[moe + "gate.weight"] = (c["num_local_experts"], hidden)
        shapes[moe + "e_score_correction_bias"] = (c["num_local_experts"],)
        for expert in range(c["num_local_experts"]):
            shapes[f"{moe}experts.{expert}.w1.weight"] = (inner, hidden)
            shapes[f"{moe}experts.{expert}.w2.weight"] = (hidden, inner)
            shapes[f"{moe}experts.{expert}.w3.weight"] = (inner, hidden)
        shapes[f"model.layers.{layer}.input_layernorm.weight"] = (hidden,)
        shapes[f"model.layers.{layer}.post_attention_layernorm.weight"] = (hidden,)
    shapes["model.norm.weight"] = (hidden,)
    shapes["lm_head.weight"] = (c["vocab_size"], hidden)
    generator = torch.Generator().manual_seed(seed)
    return {name: random_weight(name, shape, generator).float() for name, shape in shapes.items()}


def clear_routing(make, config, seed):
    """Tries seeds until no choice of experts is close and the bias has its say, also where the logits are
    kept; returns what finish needs."""
    for attempt in range(seed, seed + 400):
        folder = make(attempt)
        ids = random_ids(TOKENS, config["vocab_size"], attempt)
        decoder = Decoder(folder)
        expected = decoder(ids)
        says = all(b.sum() > BIASED_TOKENS and b[three_positions(TOKENS)].any() for b in decoder.biased)
        if decoder.margin > ROUTER_MARGIN and says:
            return ids, decoder, expected
    raise SystemExit("no seed keeps the routing clear of ties")


def m2_case(folder, config, seed):
    def make(attempt):
        write_checkpoint(folder, config, m2_tensors(config, attempt))
        return folder

    return finish(folder, *clear_routing(make, config, seed))


def m2_published(folder):
    return m2_case(folder, m2_config(), 900)


def m2_transformers(folder):
    """The library's own keys: no rotary_dim, and none of those that it does not read."""
    config = m2_config(
        num_hidden_layers=1, num_local_experts=5, num_experts_per_tok=2, head_dim=12, rms_norm_eps=1e-3
    )  # fmt: skip
    unread = "attn_type_list auto_map qk_norm_type rope_theta rotary_dim scoring_func shared_intermediate_size"
    unread += " mtp_transformer_layers num_mtp_modules use_mtp use_qk_norm use_routing_bias"
    config = {key: value for key, value in config.items() if key not in unread.split()}
    config["rope_parameters"] = {"partial_rotary_factor": 0.5, "rope_theta": 10000.0, "rope_type": "default"}
    return m2_case(folder, config, 1300)


def m2_fp8(folder):
    """As the published weights: projections and experts in 8 bits with a scale for each block of 128 x 128
    (smaller at the edges), embeddings, norms and head in bfloat16, the router in float32."""
    block = [128, 128]
    config = m2_config(
        dtype="bfloat16", hidden_size=144, intermediate_size=24, num_attention_heads=10, num_hidden_layers=1,
        num_local_experts=4, num_experts_per_tok=2, rotary_dim=8, vocab_size=48,
    )  # fmt: skip
    quantization = {
        "activation_scheme": "dynamic",
        "fmt": "float8_e4m3fn",
        "quant_method": "fp8",
        "weight_block_size": block,
        "modules_to_not_convert": ["gate", "e_score_correction_bias", "lm_head"],
    }

    def make(seed):
        stored, plain = {}, {}
        for name, tensor in m2_tensors(config, seed).items():
            if "_proj." in name or ".experts." in name:
                codes, scales, plain[name] = to_fp8(tensor, block)
                stored[name], stored[name + "_scale_inv"] = codes, scales
            else:
                router = "block_sparse_moe" in name
                stored[name] = tensor if router else tensor.bfloat16()
                plain[name] = stored[name].float()
        write_checkpoint(folder, {**config, "quantization_config": quantization}, stored)
        write_checkpoint(values, {**config, "dtype": "float32"}, plain)
        return values

    with tempfile.TemporaryDirectory() as values:
        values = Path(values)
        return finish(folder, *clear_routing(make, config, 1400), values=values)


def to_fp8(tensor, block):
    """Codes, the scale of each block, and their product."""
    rows, columns = (-(-size // step) for size, step in zip(tensor.shape, block))
    scales = torch.empty(rows, columns)
    codes, values = torch.empty_like(tensor, dtype=torch.float8_e4m3fn), torch.empty_like(tensor)
    for i in range(rows):
        for j in range(columns):
            part = slice(i * block[0], (i + 1) * block[0]), slice(j * block[1], (j + 1) * block[1])
            scales[i, j] = tensor[part].abs().max() / torch.finfo(torch.float8_e4m3fn).max
            codes[part] = (tensor[part] / scales[i, j]).to(torch.float8_e4m3fn)
            values[part] = codes[part].float() * scales[i, j]
    return codes, scales, values


# --- Qwen3 --------------------------------------------------------------------------------------------


def qwen3_case(folder, seed, classic, has_plain_form=True, **changes):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    model = Qwen3ForCausalLM(Qwen3Config(**changes))
    randomise(model, seed)
    save_transformers(folder, model, torch.float32)
    if classic:
        use_classic_keys(folder)  # layer_types is younger than the published files, too
        path = folder / "config.json"
        config = {key: value for key, value in json.loads(path.read_text()).items() if key != "layer_types"}
        path.write_text(json.dumps(config, indent=2) + "\n")
    ids = random_ids(TOKENS, changes["vocab_size"], seed)
    if not has_plain_form:
        logits = transformers_logits(folder, ids)
        write_golden(folder, "transformers Qwen3ForCausalLM, float64 weights", ids, logits, three_positions(TOKENS))
        return "transformers alone"
    decoder = Decoder(folder)
    return finish(folder, ids, decoder, decoder(ids))


def qwen3_tied(folder):
    return qwen3_case(
        folder, 1000, classic=True, vocab_size=80, hidden_size=48, intermediate_size=56, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True,
        max_position_embeddings=4096, rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    )  # fmt: skip


def qwen3_untied(folder):
    return qwen3_case(
        folder, 1010, classic=False, vocab_size=72, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
        num_attention_heads=6, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-3, tie_word_embeddings=False,
        max_position_embeddings=4096, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip


def qwen3_yarn(folder):
    """Its context stretched by YaRN; most positions of the golden text are beyond the original ones."""
    return qwen3_case(
        folder, 1020, classic=False, has_plain_form=False, vocab_size=72, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, tie_word_embeddings=False,
        max_position_embeddings=256, rope_parameters={
            "rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0,
            "original_max_position_embeddings": 64},
    )  # fmt: skip


CASES = {
    "minimax-m2": m2_published,
    "minimax-m2-fp8": m2_fp8,
    "minimax-m2-transformers": m2_transformers,
    "qwen3-tied": qwen3_tied,
    "qwen3-untied": qwen3_untied,
    "qwen3-yarn": qwen3_yarn,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FIXTURES)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these cases")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.names or CASES:
        print(f"{name}: {CASES[name](args.out / name)}", flush=True)


if __name__ == "__main__":
    main()
