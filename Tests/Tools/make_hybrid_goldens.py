#!/usr/bin/env python3
"""Writes small random MiniCPM-SALA and HypeNet checkpoints with golden logits, one folder a case:

    FIXTURES/NAME/{config.json, model.safetensors, golden.json}

The logits are those of the authors' modelling code, run here in float64:

    --sala CODE     folder of modeling_minicpm_sala.py and configuration_minicpm_sala.py, which lie
                    beside the weights of openbmb/MiniCPM-SALA
    --hypenet CODE  halo/modeling/hypenet of github.com/thunlp/hybrid-linear-attention

Only its GPU kernel of the recurrence is replaced, by a plain loop. `reference_logits` states the same
definition on its own; the two must agree. Without CODE the latter alone makes the logits of a family.
Needs torch and safetensors, and for the authors' code einops and transformers 4.57.

    make_hybrid_goldens.py [--out FIXTURES] [--sala CODE] [--hypenet CODE] [NAME ...]
"""

import argparse
import importlib
import math
import sys
import types
from pathlib import Path

import torch
import torch.nn.functional as F

from make_model_goldens import (
    FIXTURES, random_ids, random_weight, relative_error, three_positions, write_checkpoint, write_golden,
)  # fmt: skip
from minimax_reference import alibi_slopes, rms_norm

TOKENS = 150  # more than two blocks of 64
AGREEMENT = 1e-9
SOFTMAX_MIXERS = ["minicpm4", "attn"]  # every other value of mixer_types is Lightning Attention


# --- Checkpoints --------------------------------------------------------------------------------------


def sala_config(mixer_types, **changes):
    """A config.json with the keys of the published one, in small."""
    return {
        "architectures": ["MiniCPMSALAForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "attn_use_output_gate": True, "attn_use_rope": False, "bos_token_id": 1, "dim_model_base": 16,
        "dtype": "float32", "eos_token_id": [2, 7], "head_dim": 6, "hidden_act": "silu", "hidden_size": 36,
        "initializer_range": 0.1, "intermediate_size": 40, "lightning_head_dim": 6, "lightning_nh": 6,
        "lightning_nkv": 6, "lightning_scale": "1/sqrt(d)", "lightning_use_rope": True,
        "max_position_embeddings": 1024, "mixer_types": mixer_types, "model_type": "minicpm_sala",
        "mup_denominator": 32, "num_attention_heads": 6, "num_hidden_layers": len(mixer_types),
        "num_key_value_heads": 2, "pad_token_id": 2, "pretraining_tp": 1, "qk_norm": True, "rms_norm_eps": 1e-3,
        "rope_scaling": None, "rope_theta": 10000.0, "scale_depth": 1.4, "scale_emb": 3, "shift_labels": True,
        "sparse_config": {
            "block_size": 64, "dense_len": 8192, "init_blocks": 1, "kernel_size": 32, "kernel_stride": 16,
            "topk": 64, "use_nope": False, "window_size": 2048,
        },
        "tie_word_embeddings": False, "use_cache": True, "use_output_gate": True, "use_output_norm": True,
        "vocab_size": 90, **changes,
    }  # fmt: skip


def hypenet_config(mixer_types, **changes):
    return {
        "architectures": ["HypeNetForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "attn_logits_scaling": "hype 5", "attn_use_output_gate": True, "attn_use_rope": False, "bos_token_id": 1,
        "eos_token_id": 2, "expand_kv_proj": True, "head_dim": 8, "hidden_act": "silu", "hidden_size": 32,
        "initializer_range": 0.02, "intermediate_size": 36, "lightning_head_dim": 8, "lightning_nh": 6,
        "lightning_nkv": 6, "lightning_rope_scaling": None, "lightning_scale": "1/sqrt(d)",
        "lightning_use_output_gate": True, "lightning_use_output_norm": True, "lightning_use_qk_norm": True,
        "lightning_use_rope": True, "max_position_embeddings": 1048576, "mixer_types": mixer_types,
        "model_type": "hypenet", "num_attention_heads": 6, "num_hidden_layers": len(mixer_types),
        "num_key_value_heads": 2, "rms_norm_eps": 1e-3, "rope_scaling": None, "rope_theta": 1000000,
        "tie_word_embeddings": True, "torch_dtype": "float32", "use_cache": True, "vocab_size": 100, **changes,
    }  # fmt: skip


def options(config):
    """What the two families name or do differently."""
    c, width, prefix = config, config["hidden_size"], "lightning_" if config["model_type"] == "hypenet" else ""
    o = types.SimpleNamespace(
        kv_heads=c["lightning_nkv"],
        output_norm=c[prefix + "use_output_norm"],
        output_gate=c[prefix + "use_output_gate"],
        logits_scaling=c.get("attn_logits_scaling"),
        softmax_qk_norm=bool(prefix),
    )
    if prefix:
        o.heads, o.head_dim, o.softmax_head_dim = c["lightning_nh"], c["lightning_head_dim"], c["head_dim"]
        o.qk_norm = c["lightning_use_qk_norm"]
        o.embedding, o.residual, o.logits = 1.0, 1.0, 1.0
    else:  # the code of MiniCPM-SALA reads neither lightning_nh nor lightning_head_dim
        o.heads, o.head_dim = c["num_attention_heads"], c["head_dim"]
        o.softmax_head_dim = width // c["num_attention_heads"]
        o.qk_norm = c["qk_norm"]
        o.residual = c["scale_depth"] / c["num_hidden_layers"] ** 0.5
        o.embedding, o.logits = c["scale_emb"], c["dim_model_base"] / width
    return o


def hybrid_shapes(config):
    """Published tensor names and their shapes."""
    c, o, width = config, options(config), config["hidden_size"]
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], width), "model.norm.weight": (width,)}
    if not c["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (c["vocab_size"], width)
    for layer, mixer in enumerate(c["mixer_types"]):
        softmax = mixer in SOFTMAX_MIXERS
        heads, kv_heads = (c["num_attention_heads"], c["num_key_value_heads"]) if softmax else (o.heads, o.kv_heads)
        head_dim = o.softmax_head_dim if softmax else o.head_dim
        inner = heads * head_dim
        part = {
            "self_attn.q_proj": (inner, width),
            "self_attn.k_proj": (kv_heads * head_dim, width),
            "self_attn.v_proj": (kv_heads * head_dim, width),
            "self_attn.o_proj": (width, inner),
            "input_layernorm": (width,),
            "post_attention_layernorm": (width,),
            "mlp.gate_proj": (c["intermediate_size"], width),
            "mlp.up_proj": (c["intermediate_size"], width),
            "mlp.down_proj": (width, c["intermediate_size"]),
        }
        if o.softmax_qk_norm if softmax else o.qk_norm:
            part.update({"self_attn.q_norm": (head_dim,), "self_attn.k_norm": (head_dim,)})
        if c["attn_use_output_gate"] if softmax else o.output_gate:
            part["self_attn.o_gate" if softmax else "self_attn.z_proj"] = (inner, width)
        if o.output_norm and not softmax:
            part["self_attn.o_norm"] = (inner,)
        shapes.update({f"model.layers.{layer}.{name}.weight": shape for name, shape in part.items()})
    return shapes


# --- The definition -----------------------------------------------------------------------------------


def rotate(x, theta):
    """Rotary embedding of [token, head, dimension]; a dimension is paired with the one half a head away."""
    half = x.shape[-1] // 2
    angles = torch.arange(len(x), dtype=x.dtype)[:, None] * theta ** (-torch.arange(half, dtype=x.dtype) / half)
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def projections(config, w, h, head_dim, norm, rope):
    """q, k and v as [token, head, dimension], each key and value head repeated for its group of queries."""
    q, k, v = (F.linear(h, w[name]).unflatten(-1, (-1, head_dim)) for name in ["q_proj", "k_proj", "v_proj"])
    if norm:
        q, k = (rms_norm(x, w[name], config["rms_norm_eps"]) for x, name in [(q, "q_norm"), (k, "k_norm")])
    if rope:
        q, k = rotate(q, config["rope_theta"]), rotate(k, config["rope_theta"])
    group = q.shape[1] // k.shape[1]
    return q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)


def lightning(config, o, w, h):
    q, k, v = projections(config, w, h, o.head_dim, o.qk_norm, config["lightning_use_rope"])
    scale = {"1/sqrt(d)": o.head_dim**-0.5, "1/d": 1 / o.head_dim}.get(config["lightning_scale"], 1.0)
    decay = torch.exp(-torch.tensor(alibi_slopes(o.heads), dtype=h.dtype))[:, None, None]  # the same in every layer
    state, rows = torch.zeros(o.heads, o.head_dim, o.head_dim, dtype=h.dtype), []
    for token in range(len(h)):
        state = decay * state + k[token][:, :, None] * v[token][:, None, :]
        rows.append(torch.einsum("hk,hkv->hv", scale * q[token], state).flatten())
    y = torch.stack(rows)
    if o.output_norm:
        y = rms_norm(y, w["o_norm"], config["rms_norm_eps"])
    if o.output_gate:
        y = y * torch.sigmoid(F.linear(h, w["z_proj"]))
    return F.linear(y, w["o_proj"])


def softmax(config, o, w, h):
    head_dim = o.softmax_head_dim
    q, k, v = projections(config, w, h, head_dim, o.softmax_qk_norm, config["attn_use_rope"])
    if isinstance(o.logits_scaling, str):  # "hype A": log_A(t + A), t counting from 0
        a = float(o.logits_scaling.split()[1])
        q = q * ((torch.arange(len(h), dtype=h.dtype) + a).log() / math.log(a))[:, None, None]
    elif o.logits_scaling is not None:
        q = q * o.logits_scaling
    scores = torch.einsum("qhd,khd->hqk", q, k) * head_dim**-0.5
    past = torch.ones(len(h), len(h), dtype=torch.bool).tril()
    y = torch.einsum("hqk,khd->qhd", scores.masked_fill(~past, -torch.inf).softmax(-1), v).flatten(1)
    if config["attn_use_output_gate"]:
        y = y * torch.sigmoid(F.linear(h, w["o_gate"]))
    return F.linear(y, w["o_proj"])


def reference_logits(config, tensors, ids, dtype=torch.float64):
    """Logits of every position."""
    tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    o, eps = options(config), config["rms_norm_eps"]
    x = o.embedding * tensors["model.embed_tokens.weight"][ids]
    for layer, mixer in enumerate(config["mixer_types"]):
        prefix = f"model.layers.{layer}."
        w = {name.split(".")[-2]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        mix = softmax if mixer in SOFTMAX_MIXERS else lightning
        x = x + o.residual * mix(config, o, w, rms_norm(x, w["input_layernorm"], eps))
        h = rms_norm(x, w["post_attention_layernorm"], eps)
        x = x + o.residual * F.linear(F.silu(F.linear(h, w["gate_proj"])) * F.linear(h, w["up_proj"]), w["down_proj"])
    head = tensors["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"]
    return o.logits * F.linear(rms_norm(x, tensors["model.norm.weight"], eps), head)


# --- The authors' code --------------------------------------------------------------------------------


def plain_recurrence(q, k, v, g_gamma, scale, output_final_state=True, initial_state=None, **_):
    """Stands for fla's chunk_simple_gla and fused_recurrent_simple_gla; [batch, token, head, dimension]."""
    assert initial_state is None and output_final_state
    state, rows = torch.zeros(q.shape[0], *q.shape[2:], v.shape[-1], dtype=q.dtype), []
    for token in range(q.shape[1]):
        state = state * g_gamma.exp()[:, None, None] + torch.einsum("bhk,bhv->bhkv", k[:, token], v[:, token])
        rows.append(torch.einsum("bhk,bhkv->bhv", q[:, token] * scale, state))
    return torch.stack(rows, 1), state


class Float64Torch:
    """torch for the authors' modules: what they convert to float32 or bfloat16 stays float64."""

    bfloat16 = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def load_authors_code(folder, name):
    """Their modules, imported without the package's own __init__, which wants training libraries."""
    kernels = {"chunk_simple_gla": plain_recurrence, "fused_recurrent_simple_gla": plain_recurrence}
    stubs = {
        "fla": {}, "fla.ops": {}, "fla.ops.simple_gla": kernels, "fla.ops.simple_gla.fused_recurrent": kernels,
        "fla.modules": {"ShortConvolution": None}, "fla.ops.utils": {}, "fla.utils": {"tensor_cache": lambda f: f},
        "fla.ops.utils.index": {"prepare_cu_seqlens_from_mask": None, "prepare_lens_from_mask": None},
        "cut_cross_entropy": {"linear_cross_entropy": None}, f"authors_{name}": {},
    }  # fmt: skip
    for module, contents in stubs.items():
        sys.modules[module] = types.ModuleType(module)
        vars(sys.modules[module]).update(contents, __path__=[])
    sys.modules[f"authors_{name}"].__path__ = [str(folder)]
    modelling = importlib.import_module(f"authors_{name}.modeling_{name}")
    for module in [m for key, m in sys.modules.items() if key.startswith(f"authors_{name}.") and hasattr(m, "torch")]:
        module.torch = Float64Torch()
    return modelling


def authors_logits(folder, config, tensors, ids):
    name = config["model_type"]
    modelling = load_authors_code(folder, name)
    architecture = getattr(modelling, config["architectures"][0])
    as_float = torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
    try:
        hf_config = architecture.config_class(**config)
        hf_config._attn_implementation = "sdpa"
        model = architecture(hf_config).eval()
        missing, unexpected = model.load_state_dict({n: t.double() for n, t in tensors.items()}, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
        if name == "hypenet":  # transformers makes the frequencies in float32
            rotary, dim = model.model.rotary_emb, config["head_dim"]
            rotary.inv_freq = config["rope_theta"] ** (-torch.arange(0, dim, 2) / dim)
        with torch.no_grad():
            return model(torch.tensor([ids]), use_cache=False).logits[0]
    finally:
        torch.Tensor.float = as_float
        torch.set_default_dtype(torch.float32)


# --- Cases --------------------------------------------------------------------------------------------


SALA = ["minicpm4", "lightning-attn", "lightning-attn", "minicpm4"]
HYPENET = ["lightning-attn", "attn", "lightning-attn", "attn"]
OFF = {"attn_use_output_gate": False, "attn_use_rope": True, "lightning_use_rope": False, "lightning_nkv": 2}
CASES = {
    "sala-h6": (sala_config(SALA), 900),
    "sala-flags-off-tied": (sala_config(
        ["minicpm4", "lightning", "lightning_attn"], **OFF, dim_model_base=48, head_dim=8, hidden_size=32,
        lightning_head_dim=8, lightning_nh=4, lightning_scale="1/d", num_attention_heads=4, qk_norm=False,
        rope_theta=500.0, scale_depth=2.5, sparse_config=None, tie_word_embeddings=True, use_output_gate=False,
        use_output_norm=False,
    ), 910),
    "hypenet-h6-log-scaling": (hypenet_config(HYPENET), 920),
    "hypenet-flags-off": (hypenet_config(
        ["attn", "lightning_attn", "lightning-attn"], **OFF, attn_logits_scaling=0.75, lightning_nh=4,
        lightning_use_output_gate=False, lightning_use_output_norm=False, lightning_use_qk_norm=False,
        num_attention_heads=5, num_key_value_heads=1, rope_theta=500, tie_word_embeddings=False,
    ), 930),
}  # fmt: skip


def make(folder, config, seed, code):
    generator = torch.Generator().manual_seed(seed)
    tensors = {n: random_weight(n, shape, generator).float() for n, shape in hybrid_shapes(config).items()}
    ids = random_ids(TOKENS, config["vocab_size"], seed)
    write_checkpoint(folder, config, tensors)
    logits, reference = reference_logits(config, tensors, ids), "make_hybrid_goldens.py reference_logits, float64"
    float32 = relative_error(reference_logits(config, tensors, ids, torch.float32), logits)
    report = f"float32 against float64 {float32:.1e}"
    if code:
        theirs = authors_logits(code, config, tensors, ids)
        difference = relative_error(logits, theirs)
        if difference > AGREEMENT:
            raise SystemExit(f"{folder.name}: reference_logits and the authors' code differ by {difference:.1e}")
        logits, reference = theirs, f"the authors' {config['architectures'][0]}, float64"
        report += f", own definition against the authors' code {difference:.1e}"
    write_golden(folder, reference, ids, logits, three_positions(TOKENS))
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FIXTURES)
    parser.add_argument("--sala", type=Path, metavar="CODE")
    parser.add_argument("--hypenet", type=Path, metavar="CODE")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these cases")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.names or CASES:
        config, seed = CASES[name]
        code = args.sala if config["model_type"] == "minicpm_sala" else args.hypenet
        print(f"{name}: {make(args.out / name, config, seed, code)}", flush=True)


if __name__ == "__main__":
    main()
