#!/usr/bin/env python3
"""Writes small random checkpoints of the Ring/Ling linear line with golden logits, one folder a case:

    FIXTURES/NAME/{config.json, model.safetensors, golden.json, golden-serving.json}

The logits come from the authors' own modelling code, run in float64 (its norms, router and softmax stay
float32) with only the GPU kernel of the recurrence replaced. Two of their files are needed, each beside its
configuration file: modeling_bailing_moe_v2_5.py (inclusionAI/Ling-V2.5, models/) for everything but the
grouped-query softmax attention, which is in modeling_bailing_moe_v2.py (inclusionAI/Ring-V2, models/).

The authors disagree with themselves on the decay of layer l out of L, counted from 0 over all layers: their
modelling code scales the slopes by 1 - (l-1)/(L-1) + 1e-5 (golden.json), their code for SGLang and vLLM by
1 - l/(L-1) + 1e-5 (golden-serving.json).

Needs torch, safetensors and transformers 4.56, the version the authors' code is written for.

    make_bailing_goldens.py --v2-5 FILE --v2 FILE [--out FIXTURES] [NAME ...]
"""

import argparse
import importlib
import shutil
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import load_file

from make_model_goldens import (
    FIXTURES,
    ROUTER_MARGIN,
    random_ids,
    relative_error,
    three_positions,
    write_checkpoint,
    write_golden,
)

TOKENS = 150  # past two blocks of 64, the authors' chunk
SERVING = "golden-serving.json"


# --- The authors' code ------------------------------------------------------------------------------


def simple_gla(q, k, v, g, **_):
    """The recurrence token by token: S = exp(g) S + k v, o = q S / sqrt(dim); q, k, v are [batch, time, head, dim]."""
    state, outputs = 0.0, []
    for t in range(q.shape[1]):
        state = g[:, t].exp()[..., None, None] * state + torch.einsum("bhi,bhj->bhij", k[:, t], v[:, t])
        outputs.append(torch.einsum("bhi,bhij->bhj", q[:, t], state) / q.shape[-1] ** 0.5)
    return torch.stack(outputs, 1), None


def stub_kernels():
    package = "fla.ops.simple_gla"
    for name in ["fla", "fla.ops", package, f"{package}.chunk", f"{package}.fused_recurrent"]:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[f"{package}.chunk"].chunk_simple_gla = simple_gla
    sys.modules[f"{package}.fused_recurrent"].fused_recurrent_simple_gla = simple_gla


def load_source(file, package):
    """The module in `file`, whose relative imports are the files beside it."""
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [str(file.parent)]
    return importlib.import_module(f"{package}.{file.stem}")


class Authors:
    def __init__(self, v2_5, v2):
        stub_kernels()
        self.main = load_source(v2_5, "bailing_v2_5")
        self.latent = self.main.BailingMoeV2_5MultiLatentAttention
        self.grouped = load_source(v2, "bailing_v2").BailingMoeV2Attention

    def model(self, config):
        """Latent (MLA) softmax layers where config.json has the keys of them, grouped-query ones elsewhere."""
        latent = "kv_lora_rank" in config
        self.main.BailingMoeV2_5MultiLatentAttention = self.latent if latent else self.grouped
        settings = self.main.BailingMoeV2_5Config(**config, attn_implementation="eager")
        return self.main.BailingMoeV2_5ForCausalLM(settings).eval()


def use_serving_slopes(model):
    layers = model.config.num_hidden_layers
    for index, layer in enumerate(model.model.layers):
        if hasattr(layer.attention, "slope"):
            slopes = layer.attention.build_slope_tensor(layer.attention.num_heads)
            layer.attention.slope.copy_(-slopes * (1 - index / (layers - 1) + 1e-5))


def gap(values, count):
    """How far the `count` largest values of a row are from the others."""
    ordered = torch.nn.functional.pad(values, (0, 1), value=float("-inf")).sort(dim=-1, descending=True).values
    return ordered[:, count - 1] - ordered[:, count]


def watch_routers(model):
    """Collects in model.margins, one tensor a layer, each token's distance from another choice of experts."""

    def hook(router, inputs, _):
        logits = inputs[0].flatten(0, -2).double() @ router.weight.double().T
        scores = (logits.sigmoid() + router.expert_bias).unflatten(-1, (router.n_group, -1))
        groups = scores.topk(2, dim=-1).values.sum(-1)
        rank = groups.argsort(dim=-1, descending=True).argsort(dim=-1)
        allowed = scores.masked_fill((rank >= router.topk_group)[..., None], float("-inf")).flatten(1)
        model.margins.append(torch.minimum(gap(groups, router.topk_group), gap(allowed, router.top_k)))

    for module in model.modules():
        if hasattr(module, "group_limited_topk"):
            module.register_forward_hook(hook)


def run(model, ids):
    model.margins = []
    torch.set_default_dtype(model.lm_head.weight.dtype)  # the causal mask is made in it
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    torch.set_default_dtype(torch.float32)
    return logits


# --- Checkpoints --------------------------------------------------------------------------------------


def ring_config(**changes):
    """The keys of Ring-mini-linear-2.0's config.json, in small."""
    return {
        "architectures": ["BailingMoeLinearV2ForCausalLM"], "model_type": "bailing_moe_linear", "vocab_size": 72,
        "hidden_act": "silu", "hidden_size": 24, "intermediate_size": 20, "max_position_embeddings": 4096,
        "num_hidden_layers": 6, "layer_group_size": 3, "num_nextn_predict_layers": 0, "first_k_dense_replace": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "group_norm_size": 2, "linear_silu": False,
        "partial_rotary_factor": 0.5, "rope_theta": 600000, "rope_scaling": None, "rms_norm_eps": 1e-6,
        "use_qk_norm": True, "use_rmsnorm": True, "use_bias": False, "use_qkv_bias": False,
        "num_experts": 9, "num_experts_per_tok": 3, "n_group": 3, "topk_group": 2, "num_shared_experts": 1,
        "moe_intermediate_size": 4, "moe_shared_expert_intermediate_size": 4, "moe_router_enable_expert_bias": True,
        "score_function": "sigmoid", "norm_topk_prob": True, "routed_scaling_factor": 2.5, "router_dtype": "fp32",
        "attention_dropout": 0.0, "embedding_dropout": 0.0, "output_dropout": 0.0, "pad_token_id": 1,
        "eos_token_id": 1, "tie_word_embeddings": False, "torch_dtype": "float32", "use_cache": True,
    } | changes  # fmt: skip


def latent_config(**changes):
    """Ling-2.5's keys: latent softmax layers, and a prediction layer of training that inference leaves out.
    The latent norms keep an epsilon of 1e-6 whatever rms_norm_eps says."""
    return ring_config(
        architectures=["BailingMoeV2_5ForCausalLM"], model_type="bailing_hybrid", num_hidden_layers=4,
        layer_group_size=2, num_key_value_heads=4, group_norm_size=4, num_experts=8, num_experts_per_tok=2, n_group=2,
        topk_group=1, num_nextn_predict_layers=1, rms_norm_eps=1e-4, kv_lora_rank=14, q_lora_rank=12, qk_head_dim=10,
        qk_nope_head_dim=6, qk_rope_head_dim=4, v_head_dim=10, rope_interleave=True, rope_theta=6000000,
    ) | changes  # fmt: skip


def random_weight(name, shape, generator):
    """Strong enough that every part of the network shows in the logits."""
    noise = torch.randn(shape, generator=generator)
    part = name.split(".")[-2]
    if name.endswith("expert_bias"):
        return 0.2 * noise
    if len(shape) == 1:
        # Sharper softmax layers from larger query and key norms.
        return (1.6 if part in ["query_layernorm", "key_layernorm"] else 1.0) * (1 + 0.2 * noise)
    # A small latent makes the epsilon of its norm count.
    gains = {
        "word_embeddings": shape[-1] ** 0.5, "query_key_value": 1.5, "g_proj": 1.5, "gate": 2.0, "down_proj": 1.5,
        "q_a_proj": 0.03, "kv_a_proj_with_mqa": 0.03, "q_b_proj": 2.0, "q_proj": 2.0,
    }  # fmt: skip
    return gains.get(part, 1.0) * noise / shape[-1] ** 0.5


def random_checkpoint(model, seed):
    """Tensor names and shapes are the authors'."""
    generator = torch.Generator().manual_seed(seed)
    return {name: random_weight(name, tensor.shape, generator) for name, tensor in model.state_dict().items()}


def load(authors, folder, config, dtype, file):
    model = authors.model(config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model = model.to(dtype)
    if file == SERVING:
        use_serving_slopes(model)
    watch_routers(model)
    return model


def clear_ids(models, vocabulary, seed):
    """Random ids, redrawn where float32 and float64 might choose different experts."""
    generator = torch.Generator().manual_seed(seed)
    ids = random_ids(TOKENS, vocabulary, seed)
    for _ in range(1000):
        for model in models:
            run(model, ids)
        margins = torch.stack([margin for model in models for margin in model.margins]).amin(0)
        close = (margins < ROUTER_MARGIN).nonzero()
        if not len(close):
            return ids, margins.min().item()
        ids[close[0].item()] = torch.randint(vocabulary, (), generator=generator).item()
    raise SystemExit("no ids keep the routing clear of ties")


def write_case(authors, folder, config, seed):
    shutil.rmtree(folder, ignore_errors=True)
    write_checkpoint(folder, config, random_checkpoint(authors.model(config), seed))
    models = {file: load(authors, folder, config, torch.float64, file) for file in [SERVING, "golden.json"]}
    ids, margin = clear_ids(models.values(), config["vocab_size"], seed)
    logits = {file: run(model, ids) for file, model in models.items()}
    float32 = 0.0
    for file in models:
        slopes = "serving slopes" if file == SERVING else "own slopes"
        reference = f"the authors' modelling code in float64, {slopes}, weights as stored"
        write_golden(folder, reference, ids, logits[file], three_positions(TOKENS))
        if file == SERVING:
            (folder / "golden.json").rename(folder / SERVING)
        single = run(load(authors, folder, config, torch.float32, file), ids)
        float32 = max(float32, relative_error(single, logits[file]))
    slopes = relative_error(logits[SERVING], logits["golden.json"])
    return f"float32 against float64 {float32:.1e}, router margin {margin:.1e}, between the slopes {slopes:.1e}"


CASES = {
    "bailing-ring-mini": (ring_config(), 802),
    # Six heads, rotation of whole heads, no norms of q and k, an epsilon that shows, two tail layers after the
    # last whole group, no dense layer, one group.
    "bailing-ring-tail": (
        ring_config(
            first_k_dense_replace=0, group_norm_size=1, head_dim=6, hidden_size=20, num_attention_heads=6,
            num_hidden_layers=5, n_group=1, topk_group=1, num_experts=5, num_experts_per_tok=2, num_shared_experts=2,
            partial_rotary_factor=1.0, rms_norm_eps=5e-2, rope_theta=10000, routed_scaling_factor=1.0,
            use_qk_norm=False, vocab_size=65,
        ),
        812,
    ),
    "bailing-ling-latent": (latent_config(), 823),
    # Queries without a latent, and YaRN's frequencies, table factor and softmax scale.
    "bailing-ling-yarn": (
        latent_config(
            q_lora_rank=None, num_nextn_predict_layers=0, group_norm_size=2, rope_theta=10000,
            rope_scaling={
                "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "mscale": 0.707,
                "mscale_all_dim": 1.0,
            },
        ),
        833,
    ),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--v2-5", type=Path, required=True, help="modeling_bailing_moe_v2_5.py")
    parser.add_argument("--v2", type=Path, required=True, help="modeling_bailing_moe_v2.py")
    parser.add_argument("--out", type=Path, default=FIXTURES)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these cases")
    args = parser.parse_args()
    torch.set_num_threads(1)
    authors = Authors(args.v2_5, args.v2)
    for name in args.names or CASES:
        config, seed = CASES[name]
        print(f"{name}: {write_case(authors, args.out / name, config, seed)}", flush=True)


if __name__ == "__main__":
    main()
