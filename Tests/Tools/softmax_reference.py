"""Reference logits for MiniMax-M2 and Qwen3 checkpoints in float64: plain forms written from the published
definitions, against which make_softmax_goldens.py holds the transformers library."""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


def rms_norm(x, weight, eps):
    return weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def rotate(x, width, theta):
    """Turns the first `width` channels of [tokens, heads, channels], channel i with i + width / 2."""
    half = width // 2
    turns = theta ** (-torch.arange(half, dtype=x.dtype) * 2 / width)
    angles = torch.arange(len(x), dtype=x.dtype)[:, None, None] * turns
    a, b, rest = x[..., :half], x[..., half:width], x[..., width:]
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin(), rest], -1)


class Decoder:
    """Pre-norm layers of grouped-query attention and a gated MLP, dense or one of chosen experts."""

    def __init__(self, folder):
        self.config = c = json.loads((folder / "config.json").read_text())
        self.tensors = {name: tensor.double() for name, tensor in load_file(folder / "model.safetensors").items()}
        rope = c.get("rope_parameters", {})
        self.theta = c.get("rope_theta") or rope["rope_theta"]
        self.rotary = c.get("rotary_dim") or int(c["head_dim"] * rope.get("partial_rotary_factor", 1))
        self.margin = float("inf")  # of the smallest gap between a chosen and a refused expert
        self.biased = []  # for each layer, which tokens the bias sends to other experts

    def __call__(self, ids):
        eps = self.config["rms_norm_eps"]
        x = self.tensors["model.embed_tokens.weight"][ids]
        for layer in range(self.config["num_hidden_layers"]):
            block = f"model.layers.{layer}."
            x = x + self.attention(block, rms_norm(x, self.tensors[block + "input_layernorm.weight"], eps))
            h = rms_norm(x, self.tensors[block + "post_attention_layernorm.weight"], eps)
            if block + "mlp.up_proj.weight" in self.tensors:
                x = x + self.mlp(block + "mlp.", h, "gate_proj", "up_proj", "down_proj")
            else:
                x = x + self.experts(block + "block_sparse_moe.", h)
        x = rms_norm(x, self.tensors["model.norm.weight"], eps)
        return x @ self.tensors.get("lm_head.weight", self.tensors["model.embed_tokens.weight"]).T

    def linear(self, name, x):
        return x @ self.tensors[name + ".weight"].T

    def attention(self, block, x):
        c, tokens = self.config, len(x)
        block += "self_attn."
        q, k, v = (self.linear(f"{block}{part}_proj", x) for part in "qkv")
        for part, y in ("q", q), ("k", k):
            weight = self.tensors[f"{block}{part}_norm.weight"]
            # MiniMax-M2 norms all heads together, Qwen3 each for itself: the weight's length says which.
            y.copy_(rms_norm(y.view(tokens, -1, len(weight)), weight, c["rms_norm_eps"]).view(tokens, -1))
        q, k, v = (y.view(tokens, -1, c["head_dim"]) for y in (q, k, v))
        q, k = (rotate(y, self.rotary, self.theta) for y in (q, k))
        group = c["num_attention_heads"] // c["num_key_value_heads"]
        k, v = (y.repeat_interleave(group, dim=1) for y in (k, v))
        scores = torch.einsum("qhd,khd->hqk", q, k) / c["head_dim"] ** 0.5
        later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(later, float("-inf")).softmax(-1)
        return self.linear(block + "o_proj", torch.einsum("hqk,khd->qhd", weights, v).reshape(tokens, -1))

    def mlp(self, prefix, x, gate, up, down):
        return self.linear(prefix + down, F.silu(self.linear(prefix + gate, x)) * self.linear(prefix + up, x))

    def experts(self, block, x):
        top = self.config["num_experts_per_tok"]
        scores = self.linear(block + "gate", x).sigmoid()
        biased = scores + self.tensors[block + "e_score_correction_bias"]
        ranked = biased.sort(descending=True)
        self.margin = min(self.margin, (ranked.values[:, top - 1] - ranked.values[:, top]).min().item())
        chosen = torch.zeros_like(scores).scatter_(1, ranked.indices[:, :top], 1)
        unbiased = torch.zeros_like(scores).scatter_(1, scores.topk(top).indices, 1)
        self.biased.append((chosen != unbiased).any(-1))
        mixture = scores * chosen  # the bias chooses, it does not weigh
        mixture = mixture / mixture.sum(-1, keepdim=True)
        outputs = [self.mlp(f"{block}experts.{e}.", x, "w1", "w3", "w2") for e in range(scores.shape[1])]
        return sum(mixture[:, e, None] * output for e, output in enumerate(outputs))
