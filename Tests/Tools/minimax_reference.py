#!/usr/bin/env python3
"""Reference logits for MiniMax-Text-01 and MiniMax-M1 checkpoints.

An independent oracle for parity tests: it follows the authors' modelling code, one token and one
head at a time where that is the plainest form, and is meant to be read rather than to be fast.
It differs from the `minimax` model of the transformers library, which ignores `rotary_dim`, uses
other slopes when the head count is not a power of two, and divides by `L - 1 + 1e-5`.

    minimax_reference.py DIR --ids 1,2,3 [--all] [--dtype float64]

prints one JSON object {"position": p, "logits": [...]} a line.
"""

import argparse
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open

LIGHTNING_NORM_EPS = 1e-6  # the authors' class default; config.json's rms_norm_eps is for the other norms
LIGHTNING, SOFTMAX = 0, 1  # values of attn_type_list


class Weights:
    """The tensors of a Hugging Face folder, sharded or not, converted to one dtype on access."""

    def __init__(self, folder, dtype):
        self.dtype = dtype
        self.files = {}
        for path in sorted(Path(folder).glob("*.safetensors")):
            with safe_open(path, framework="pt") as file:
                self.files.update({name: path for name in file.keys()})

    def __getitem__(self, name):
        with safe_open(self.files[name], framework="pt") as file:
            return file.get_tensor(name).to(self.dtype)


def alibi_slopes(heads):
    """2^(-8(h+1)/H) when H is a power of two; else the closest lower power's slopes, followed by
    every other slope of the next power."""
    if math.log2(heads).is_integer():
        return [2.0 ** (-8.0 * (head + 1) / heads) for head in range(heads)]
    closest = 2 ** math.floor(math.log2(heads))
    return alibi_slopes(closest) + alibi_slopes(2 * closest)[0::2][: heads - closest]


def layer_factor(layer, layers):
    """Deep layers forget more slowly. A single layer would divide zero by zero; it counts as the first."""
    depth = layer / (layers - 1) if layers > 1 else 0.0
    return 1 - depth + 1e-5


def rms_norm(x, weight, eps):
    return weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def rotate(x, theta, rotary_dim):
    """Rotary embedding of the first `rotary_dim` dimensions of x [tokens, heads, head_dim], rotate-half form."""
    half = rotary_dim // 2
    frequency = theta ** (-torch.arange(half, dtype=x.dtype) * 2 / rotary_dim)
    angle = torch.outer(torch.arange(x.shape[0], dtype=x.dtype), frequency)[:, None, :]
    a, b, rest = x[..., :half], x[..., half:rotary_dim], x[..., rotary_dim:]
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin(), rest), -1)


class MiniMax:
    def __init__(self, folder, dtype=torch.float64):
        self.config = json.loads((Path(folder) / "config.json").read_text())
        self.weights = Weights(folder, dtype)
        c = self.config
        self.layers = c["num_hidden_layers"]
        self.heads = c["num_attention_heads"]
        self.kv_heads = c.get("num_key_value_heads") or self.heads
        self.head_dim = c.get("head_dim") or c["hidden_size"] // self.heads
        self.rotary_dim = c.get("rotary_dim") or self.head_dim
        self.eps = c["rms_norm_eps"]
        self.post_norm = c.get("postnorm", False)
        # How far the last chosen expert's routing logit stood above the first rejected one's, at the
        # closest call: a comparison in other arithmetic means nothing when this is near rounding.
        self.smallest_router_margin = math.inf

    def __call__(self, ids):
        """Logits [tokens, vocabulary] for every position."""
        x = self.weights["model.embed_tokens.weight"][torch.tensor(ids)]
        for layer in range(self.layers):
            x = self.block(x, layer)
        x = rms_norm(x, self.weights["model.norm.weight"], self.eps)
        tied = self.config.get("tie_word_embeddings", False)
        return x @ self.weights["model.embed_tokens.weight" if tied else "lm_head.weight"].T

    def block(self, x, layer):
        prefix = f"model.layers.{layer}."
        linear = self.config["attn_type_list"][layer] == LIGHTNING
        attention = self.lightning if linear else self.softmax

        def mix(x):
            return attention(x, layer, prefix + "self_attn.")

        def feed_forward(x):
            return self.feed_forward(x, prefix)

        x = self.residual(x, prefix + "input_layernorm.weight", mix, "linear_attention" if linear else "full_attention")
        return self.residual(x, prefix + "post_attention_layernorm.weight", feed_forward, "mlp")

    def residual(self, x, norm, branch, kind):
        """alpha * residual + beta * branch; with post-norm the residual is the normed tensor."""
        alpha = self.config.get(f"layernorm_{kind}_alpha", 1)
        beta = self.config.get(f"layernorm_{kind}_beta", 1)
        normed = rms_norm(x, self.weights[norm], self.eps)
        return alpha * (normed if self.post_norm else x) + beta * branch(normed)

    def lightning(self, x, layer, prefix):
        tokens = x.shape[0]
        # The rows are interleaved per head: q, k and v of head 0, then those of head 1, ...
        qkv = F.silu(x @ self.weights[prefix + "qkv_proj.weight"].T)
        q, k, v = qkv.view(tokens, self.heads, 3 * self.head_dim).split(self.head_dim, -1)

        slopes = torch.tensor(alibi_slopes(self.heads), dtype=x.dtype) * layer_factor(layer, self.layers)
        decay = torch.exp(-slopes)[:, None, None]
        state = torch.zeros(self.heads, self.head_dim, self.head_dim, dtype=x.dtype)
        out = torch.empty(tokens, self.heads, self.head_dim, dtype=x.dtype)
        for t in range(tokens):
            state = decay * state + k[t][:, :, None] * v[t][:, None, :]
            out[t] = (q[t][:, None, :] @ state)[:, 0]

        # One norm over all heads takes the place of a softmax denominator; the gate sees the layer's input.
        out = rms_norm(out.reshape(tokens, -1), self.weights[prefix + "norm.weight"], LIGHTNING_NORM_EPS)
        out = torch.sigmoid(x @ self.weights[prefix + "output_gate.weight"].T) * out
        return out @ self.weights[prefix + "out_proj.weight"].T

    def softmax(self, x, layer, prefix):
        tokens = x.shape[0]

        def project(name, heads):
            return (x @ self.weights[f"{prefix}{name}.weight"].T).view(tokens, heads, self.head_dim)

        q = rotate(project("q_proj", self.heads), self.config["rope_theta"], self.rotary_dim)
        k = rotate(project("k_proj", self.kv_heads), self.config["rope_theta"], self.rotary_dim)
        v = project("v_proj", self.kv_heads)
        future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        out = torch.empty_like(q)
        for head in range(self.heads):
            shared = head * self.kv_heads // self.heads
            scores = q[:, head] @ k[:, shared].T / math.sqrt(self.head_dim)
            out[:, head] = scores.masked_fill(future, -math.inf).softmax(-1) @ v[:, shared]
        return out.reshape(tokens, -1) @ self.weights[prefix + "o_proj.weight"].T

    def feed_forward(self, x, prefix):
        out = self.experts(x, prefix + "block_sparse_moe.")
        if not self.config.get("shared_intermediate_size", 0):
            return out
        shared = self.gated(x, prefix + "shared_mlp.", "gate_proj", "up_proj", "down_proj")
        mixing = x @ self.weights[prefix + "coefficient.weight"].T
        # The authors' M1 code always takes the sigmoid. Serving engines also know "softmax", which over
        # the single coefficient is the constant 1: the shared expert then replaces the others.
        mode = self.config.get("shared_moe_mode", "sigmoid")
        mixing = mixing.softmax(-1) if mode == "softmax" else torch.sigmoid(mixing)
        return out * (1 - mixing) + shared * mixing

    def experts(self, x, prefix):
        top = self.config["num_experts_per_tok"]
        logits = x @ self.weights[prefix + "gate.weight"].T
        chosen_weights, chosen = logits.softmax(-1).topk(top, -1)
        chosen_weights = chosen_weights / chosen_weights.sum(-1, keepdim=True)
        self.note_router_margin(logits, top)

        out = torch.zeros_like(x)
        for expert in range(self.config["num_local_experts"]):
            rows, slot = torch.where(chosen == expert)
            part = self.gated(x[rows], f"{prefix}experts.{expert}.", "w1", "w3", "w2")
            out.index_add_(0, rows, part * chosen_weights[rows, slot, None])
        return out

    def gated(self, x, prefix, gate, up, down):
        def project(x, name):
            return x @ self.weights[f"{prefix}{name}.weight"].T

        return project(F.silu(project(x, gate)) * project(x, up), down)

    def note_router_margin(self, logits, top):
        if top < logits.shape[-1]:
            ordered = logits.sort(-1, descending=True).values
            margin = (ordered[:, top - 1] - ordered[:, top]).min().item()
            self.smallest_router_margin = min(self.smallest_router_margin, margin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--ids", required=True, help="token ids, separated by commas")
    parser.add_argument("--all", action="store_true", help="every position rather than the last")
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    args = parser.parse_args()
    torch.set_num_threads(1)
    with torch.no_grad():
        logits = MiniMax(args.folder, getattr(torch, args.dtype))([int(i) for i in args.ids.split(",")])
    for position in range(logits.shape[0]) if args.all else [logits.shape[0] - 1]:
        print(json.dumps({"position": position, "logits": logits[position].tolist()}))


if __name__ == "__main__":
    main()
