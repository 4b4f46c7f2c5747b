#!/usr/bin/env python3
"""Writes small random checkpoints with golden logits, one folder a case:

    FIXTURES/NAME/{config.json, *.safetensors, golden.json}

golden.json holds {"reference", "ids", "positions", "logits"}. MiniMax checkpoints in the authors'
layout are computed by minimax_reference.py in float64; those in the transformers layout by
transformers itself. Needs torch, safetensors and transformers; deterministic for given versions.

    make_model_goldens.py [--out FIXTURES] [NAME ...]
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from minimax_reference import LIGHTNING, MiniMax

FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures" / "models"
# Float32 and float64 must choose the same experts, or the comparison would say nothing.
ROUTER_MARGIN = 1e-3


# --- MiniMax, authors' layout -----------------------------------------------------------------------


def minimax_config(**changes):
    """A config.json with the keys of the published ones, in small."""
    layers = len(changes["attn_type_list"])
    residual = (2 * layers) ** 0.25
    config = {
        "architectures": ["MiniMaxText01ForCausalLM"],
        "attention_dropout": 0.0,
        "attn_type_list": None,
        "bos_token_id": None,
        "eos_token_id": None,
        "head_dim": 16,
        "hidden_act": "silu",
        "hidden_size": 32,
        "initializer_range": 0.02,
        "intermediate_size": 24,
        "layernorm_full_attention_alpha": residual,
        "layernorm_full_attention_beta": 1.0,
        "layernorm_linear_attention_alpha": residual,
        "layernorm_linear_attention_beta": 1.0,
        "layernorm_mlp_alpha": residual,
        "layernorm_mlp_beta": 1.0,
        "max_position_embeddings": 4096,
        "model_type": "minimax_text_01",
        "num_attention_heads": 4,
        "num_experts_per_tok": 2,
        "num_hidden_layers": layers,
        "num_key_value_heads": 2,
        "num_local_experts": 3,
        "output_router_logits": False,
        "postnorm": True,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000,
        "rotary_dim": 8,
        "router_aux_loss_coef": 0.001,
        "router_jitter_noise": 0.0,
        "shared_intermediate_size": 0,
        "shared_moe_mode": "sigmoid",
        "sliding_window": None,
        "tie_word_embeddings": False,
        "use_cache": True,
        "vocab_size": 96,
    }
    config.update(changes)
    return config


def minimax_shapes(config):
    """Published tensor names and their shapes."""
    c = config
    hidden, inner, head_dim = c["hidden_size"], c["num_attention_heads"] * c["head_dim"], c["head_dim"]
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], hidden)}
    for layer, kind in enumerate(c["attn_type_list"]):
        attention, block = f"model.layers.{layer}.self_attn.", f"model.layers.{layer}."
        if kind == LIGHTNING:
            shapes[attention + "qkv_proj.weight"] = (3 * inner, hidden)
            shapes[attention + "output_gate.weight"] = (inner, hidden)
            shapes[attention + "norm.weight"] = (inner,)
            shapes[attention + "out_proj.weight"] = (hidden, inner)
        else:
            shapes[attention + "q_proj.weight"] = (inner, hidden)
            shapes[attention + "k_proj.weight"] = (c["num_key_value_heads"] * head_dim, hidden)
            shapes[attention + "v_proj.weight"] = (c["num_key_value_heads"] * head_dim, hidden)
            shapes[attention + "o_proj.weight"] = (hidden, inner)
        shapes[block + "input_layernorm.weight"] = (hidden,)
        shapes[block + "post_attention_layernorm.weight"] = (hidden,)
        shapes[block + "block_sparse_moe.gate.weight"] = (c["num_local_experts"], hidden)
        for expert in range(c["num_local_experts"]):
            name = f"{block}block_sparse_moe.experts.{expert}."
            shapes[name + "w1.weight"] = (c["intermediate_size"], hidden)
            shapes[name + "w2.weight"] = (hidden, c["intermediate_size"])
            shapes[name + "w3.weight"] = (c["intermediate_size"], hidden)
        if c["shared_intermediate_size"]:
            shapes[block + "shared_mlp.gate_proj.weight"] = (c["shared_intermediate_size"], hidden)
            shapes[block + "shared_mlp.up_proj.weight"] = (c["shared_intermediate_size"], hidden)
            shapes[block + "shared_mlp.down_proj.weight"] = (hidden, c["shared_intermediate_size"])
            shapes[block + "coefficient.weight"] = (1, hidden)
    shapes["model.norm.weight"] = (hidden,)
    if not c["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (c["vocab_size"], hidden)
    return shapes


def random_weight(name, shape, generator, qkv_gain=1.0):
    """Strong enough that every part of the network shows in the logits."""
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    if len(shape) == 1:
        return 1 + 0.2 * noise
    gains = {"qkv_proj": qkv_gain, "gate": 2.0, "w2": 2.0, "down_proj": 2.0, "lm_head": 2.0}
    gain = gains.get(name.split(".")[-2], 1.0)
    if "embed_tokens" in name:
        return 0.5 * noise
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        gain = 1.5
    return gain * noise / shape[-1] ** 0.5


def random_minimax(config, seed, dtype, qkv_gains=None):
    """`qkv_gains`, one a layer, scales the lightning projections: a small one makes the epsilon of the
    output norm count."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in minimax_shapes(config).items():
        gain = qkv_gains[int(name.split(".")[2])] if qkv_gains and ".qkv_proj." in name else 1.0
        tensors[name] = random_weight(name, shape, generator, gain).to(dtype)
    return tensors


# --- Files ------------------------------------------------------------------------------------------


def write_checkpoint(folder, config, tensors, shards=1):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = sorted(tensors), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[shard::shards]}  # a layer's tensors lie in several files
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map.update({name: file for name in part})
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def write_golden(folder, reference, ids, logits, positions):
    golden = {
        "reference": reference,
        "ids": ids,
        "positions": positions,
        "logits": [[float(f"{value:.9g}") for value in logits[p].float().tolist()] for p in positions],
    }
    (folder / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def random_ids(count, vocabulary, seed):
    return torch.randint(vocabulary, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def three_positions(count):
    return [count // 4, count // 2, count - 1]


def relative_error(a, b):
    """The largest ||a - b|| / ||b|| of a position."""
    a, b = a.double(), b.double()
    return ((a - b).norm(dim=-1) / b.norm(dim=-1)).max().item()


# --- Cases computed by the reference ------------------------------------------------------------------


def minimax_case(folder, config, dtype, tokens, seed, shards=1, positions=None, qkv_gains=None, margin=ROUTER_MARGIN):
    for attempt in range(200):
        shutil.rmtree(folder, ignore_errors=True)
        write_checkpoint(folder, config, random_minimax(config, seed + attempt, dtype, qkv_gains), shards)
        ids = random_ids(tokens, config["vocab_size"], seed + attempt)
        model = MiniMax(folder)
        logits = model(ids)
        if model.smallest_router_margin > margin:
            break
    else:
        raise SystemExit(f"{folder.name}: no seed keeps the routing clear of ties")
    reference = "minimax_reference.py (the authors' definition), float64, weights as stored"
    write_golden(folder, reference, ids, logits, positions or three_positions(tokens))
    float32 = relative_error(MiniMax(folder, torch.float32)(ids), logits)
    return f"float32 against float64 {float32:.1e}, router margin {model.smallest_router_margin:.1e}"


def text01_h6_rotary(folder):
    config = minimax_config(
        attn_type_list=[0, 0, 1, 0], hidden_size=40, num_attention_heads=6, head_dim=12, rotary_dim=6,
        num_key_value_heads=2, num_local_experts=3, intermediate_size=28, vocab_size=97,
        layernorm_full_attention_beta=0.875, layernorm_linear_attention_beta=1.125, layernorm_mlp_beta=0.75,
    )  # fmt: skip
    return minimax_case(folder, config, torch.float32, 50, 100, shards=2, qkv_gains=[1.0, 0.1, 1.0, 1.0])


def m1_tied_bf16(folder):
    config = minimax_config(
        architectures=["MiniMaxM1ForCausalLM"], model_type="minimax_m1", attn_type_list=[0, 0, 0, 1],
        hidden_size=48, num_attention_heads=9, head_dim=8, rotary_dim=6, num_key_value_heads=3,
        intermediate_size=36, tie_word_embeddings=True, rope_theta=10000000, vocab_size=120,
    )  # fmt: skip
    return minimax_case(folder, config, torch.bfloat16, 64, 200)


def long(folder):
    config = minimax_config(attn_type_list=[0, 0, 1], head_dim=16, num_attention_heads=4, rotary_dim=16, vocab_size=80)
    return minimax_case(folder, config, torch.float32, 600, 300, positions=[599], margin=ROUTER_MARGIN / 4)


def one_expert_f16(folder):
    config = minimax_config(
        attn_type_list=[1, 0, 0], num_local_experts=1, num_experts_per_tok=1, num_attention_heads=5,
        num_key_value_heads=1, head_dim=8, rotary_dim=4, intermediate_size=56, postnorm=False,
        layernorm_full_attention_alpha=1.25, layernorm_linear_attention_alpha=0.875, layernorm_mlp_alpha=1.5,
        rms_norm_eps=1e-3, vocab_size=101,
    )  # fmt: skip
    return minimax_case(folder, config, torch.float16, 33, 400, qkv_gains=[1.0, 1.0, 0.15])


def shared_expert(folder):
    # The authors size shared_mlp by intermediate_size, serving engines by shared_intermediate_size: keep them equal.
    config = minimax_config(
        attn_type_list=[0, 1, 0], num_local_experts=4, intermediate_size=20, shared_intermediate_size=20,
        num_attention_heads=8, num_key_value_heads=4, head_dim=8, rotary_dim=4, vocab_size=88,
    )  # fmt: skip
    return minimax_case(folder, config, torch.float32, 41, 500)


# --- Cases computed by transformers -------------------------------------------------------------------


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(random_weight(name, parameter.shape, generator))


def transformers_logits(folder, ids, dtype=torch.float64):
    """The library's own forward pass over the stored weights; its norms and rotary tables stay float32."""
    from transformers import AutoModelForCausalLM

    # Load in float32 first: rotary tables are made in the loading dtype, and half precision would spoil them.
    eager = {"attn_implementation": "eager"}
    if "MiniMax" in json.loads((folder / "config.json").read_text())["architectures"][0]:
        eager["experts_implementation"] = "eager"  # the default has no float64 form
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **eager)
    with torch.no_grad():
        return model.to(dtype).eval()(torch.tensor([ids]), use_cache=False).logits[0]


def save_transformers(folder, model, dtype):
    shutil.rmtree(folder, ignore_errors=True)
    model.to(dtype).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def authors_config(config):
    """A transformers `minimax` config in the authors' keys."""
    residuals = {
        f"layernorm_{theirs}_{factor}": config[f"{ours}_{factor}_factor"]
        for theirs, ours in [("full_attention", "full_attn"), ("linear_attention", "linear_attn"), ("mlp", "mlp")]
        for factor in ["alpha", "beta"]
    }
    return {
        **config,
        **residuals,
        "attn_type_list": [int(kind == "full_attention") for kind in config["layer_types"]],
        "postnorm": True,
        "rope_theta": config["rope_parameters"]["rope_theta"],
        "rotary_dim": config["head_dim"],
    }


def against_authors(folder, ids, logits):
    """How far the authors' definition is from transformers' on the same stored weights."""
    with tempfile.TemporaryDirectory() as copy:
        config = authors_config(json.loads((folder / "config.json").read_text()))
        write_checkpoint(Path(copy), config, load_file(folder / "model.safetensors"))
        model = MiniMax(copy)
        return relative_error(model(ids), logits), model.smallest_router_margin


def minimax_transformers(folder):
    from transformers import MiniMaxConfig, MiniMaxForCausalLM

    config = MiniMaxConfig(
        vocab_size=96, hidden_size=32, intermediate_size=24, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, num_local_experts=3, num_experts_per_tok=2, block_size=16,
        layer_types=["linear_attention", "full_attention", "linear_attention", "linear_attention"],
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        full_attn_alpha_factor=1.75, full_attn_beta_factor=0.875, linear_attn_alpha_factor=1.5,
        linear_attn_beta_factor=1.125, mlp_alpha_factor=1.25, mlp_beta_factor=0.75,
    )  # fmt: skip
    ids = random_ids(48, 96, 600)
    for seed in range(600, 800):
        model = MiniMaxForCausalLM(config)
        randomise(model, seed)
        save_transformers(folder, model, torch.float32)
        logits = transformers_logits(folder, ids)
        difference, margin = against_authors(folder, ids, logits)
        if margin > ROUTER_MARGIN:
            break
    if difference > 1e-5:
        raise SystemExit(f"{folder.name}: transformers and the authors' definition differ by {difference}")
    write_golden(folder, "transformers MiniMaxForCausalLM, float64 weights", ids, logits, three_positions(48))
    float32 = relative_error(transformers_logits(folder, ids, torch.float32), logits)
    return f"authors' definition differs by {difference:.1e}, float32 by {float32:.1e}, router margin {margin:.1e}"


def use_classic_keys(folder):
    """Gives config.json the keys of most published checkpoints (rope_theta, rope_scaling, torch_dtype) in
    place of transformers 5's rope_parameters and dtype."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def llama_case(folder, dtype, tokens, seed, classic=False, **changes):
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(LlamaConfig(**changes))
    randomise(model, seed)
    save_transformers(folder, model, dtype)
    if classic:
        use_classic_keys(folder)
    ids = random_ids(tokens, changes["vocab_size"], seed)
    logits = transformers_logits(folder, ids)
    write_golden(folder, "transformers LlamaForCausalLM, float64 weights", ids, logits, three_positions(tokens))
    float32 = relative_error(transformers_logits(folder, ids, torch.float32), logits)
    return f"float32 against float64 weights {float32:.1e}"


def llama_gqa(folder):
    return llama_case(
        folder, torch.float32, 40, 700, vocab_size=99, hidden_size=36, intermediate_size=60, num_hidden_layers=3,
        num_attention_heads=6, num_key_value_heads=2, head_dim=10, rms_norm_eps=1e-5, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip


def llama_tied_f16(folder):
    return llama_case(
        folder, torch.float16, 57, 710, classic=True, vocab_size=128, hidden_size=48, intermediate_size=80,
        num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=16, rms_norm_eps=1e-5,
        tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
    )  # fmt: skip


def llama3_rope(folder):
    # 64 original positions put wavelengths into all three bands of the rule: kept, blended and divided.
    rope = {
        "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }  # fmt: skip
    return llama_case(
        folder, torch.bfloat16, 80, 720, classic=True, vocab_size=112, hidden_size=48, intermediate_size=64,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, rms_norm_eps=1e-5,
        tie_word_embeddings=False, max_position_embeddings=512, rope_parameters=rope,
    )  # fmt: skip


CASES = {
    "minimax-transformers": minimax_transformers,
    "minimax-text01-h6-rotary": text01_h6_rotary,
    "minimax-m1-tied-bf16": m1_tied_bf16,
    "minimax-long": long,
    "minimax-one-expert-f16": one_expert_f16,
    "minimax-shared-expert": shared_expert,
    "llama-gqa": llama_gqa,
    "llama-tied-f16": llama_tied_f16,
    "llama3-rope": llama3_rope,
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
