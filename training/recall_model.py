"""MiniMax-01's architecture, small enough to train on a CPU."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from recall_words import VOCABULARY


@dataclass(frozen=True)
class Shape:
    hidden: int = 128
    heads: int = 8
    groups: int = 4
    head_dim: int = 32
    rotary: int = 16
    inner: int = 128
    kinds: tuple = (0, 1, 0, 1)  # 0 is lightning, 1 is softmax
    theta: float = 1e7
    postnorm: bool = True
    eps: float = 1e-5
    vocabulary: int = VOCABULARY.size
    stop: int = VOCABULARY.stop

    @property
    def alpha(self):
        """The residuals' weight, as MiniMax-01 takes it: (2 * layers) ^ 1/4."""
        return (2 * len(self.kinds)) ** 0.25 if self.postnorm else 1.0

    def config(self):
        names = {f"layernorm_{kind}_{factor}": value for kind in ("full_attention", "linear_attention", "mlp")
                 for factor, value in (("alpha", self.alpha), ("beta", 1.0))}
        return {
            "architectures": ["MiniMaxText01ForCausalLM"], "model_type": "minimax_text_01", "attention_dropout": 0.0,
            "attn_type_list": list(self.kinds), "bos_token_id": None, "eos_token_id": self.stop,
            "head_dim": self.head_dim, "hidden_act": "silu", "hidden_size": self.hidden, "initializer_range": 0.02,
            "intermediate_size": self.inner, **names, "max_position_embeddings": 262144,
            "num_attention_heads": self.heads, "num_experts_per_tok": 1, "num_hidden_layers": len(self.kinds),
            "num_key_value_heads": self.groups, "num_local_experts": 1, "output_router_logits": False,
            "postnorm": self.postnorm, "rms_norm_eps": self.eps, "rope_theta": self.theta, "rotary_dim": self.rotary,
            "router_aux_loss_coef": 0.001, "router_jitter_noise": 0.0, "shared_intermediate_size": 0,
            "shared_moe_mode": "sigmoid", "sliding_window": None, "tie_word_embeddings": True,
            "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": self.vocabulary,
        }

    @staticmethod
    def of(config):
        return Shape(
            config["hidden_size"], config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"],
            config["rotary_dim"], config["intermediate_size"], tuple(config["attn_type_list"]), config["rope_theta"],
            config["postnorm"], config["rms_norm_eps"], config["vocab_size"], config["eos_token_id"])


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


def linear(outputs, inputs):
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=inputs ** -0.5)
    return layer


class Lightning(nn.Module):
    """Linear attention with a fixed decay a head; the state is [head_dim, head_dim] a head."""

    block = 128

    def __init__(self, shape, layer):
        super().__init__()
        self.shape = shape
        width, hidden = shape.heads * shape.head_dim, shape.hidden
        self.qkv_proj, self.output_gate = linear(3 * width, hidden), linear(width, hidden)
        self.out_proj, self.norm = linear(hidden, width), Norm(width, 1e-6)
        factor = 1 - layer / (len(shape.kinds) - 1) + 1e-5
        assert shape.heads & (shape.heads - 1) == 0, "slopes of other head counts are not needed here"
        slopes = [2.0 ** (-8 * (head + 1) / shape.heads) * factor for head in range(shape.heads)]
        self.register_buffer("slopes", torch.tensor(slopes, dtype=torch.float64), persistent=False)

    def start(self, common):
        """Begins as a plain sum of the last few tokens, which SiLU leaves linear: silu(x) - silu(-x) = x.

        Queries and keys of all tokens are alike: they see what is common to all embeddings, and values see the rest.
        Heads that forget slowly sum many tokens and would drown the others in the norm: their queries are small.
        """
        shape, half = self.shape, self.shape.head_dim // 2
        parts = self.qkv_proj.weight.view(shape.heads, 3, shape.head_dim, shape.hidden)
        out = self.out_proj.weight.view(shape.hidden, shape.heads, shape.head_dim)
        with torch.no_grad():
            strength = (1 - torch.exp(-2 * self.slopes)).float()[:, None, None, None]
            parts[:, :2] = 0.3 * parts[:, :2] + 2.5 * strength.sqrt() * common
            parts[:, 2] -= (parts[:, 2] @ common)[..., None] * common
            parts[:, 2, half:] = -parts[:, 2, :half]
            out *= 2
            out[:, :, half:] = -out[:, :, :half]
            self.output_gate.weight *= 0.3

    def decays(self, length):
        ages = torch.arange(length, dtype=torch.float64)
        gap = ages[:, None] - ages
        within = torch.exp(-self.slopes[:, None, None] * gap.clamp(min=0)) * (gap >= 0)
        before = torch.exp(-self.slopes[:, None] * (ages + 1))
        after = torch.exp(-self.slopes[:, None] * (length - 1 - ages))
        return [part.float() for part in (within, before, after, torch.exp(-self.slopes * length))]

    def forward(self, x, state):
        """x [batch, branches, tokens, hidden]; every branch goes on from its row's state."""
        rows, branches, length, _ = x.shape
        shape = self.shape
        qkv = F.silu(self.qkv_proj(x)).view(rows, branches, length, shape.heads, 3 * shape.head_dim).transpose(2, 3)
        q, k, v = qkv.split(shape.head_dim, -1)
        if state is None:
            state = x.new_zeros(rows, shape.heads, shape.head_dim, shape.head_dim)
        state = state[:, None]
        out = []
        for start in range(0, length, self.block):
            part = [t[:, :, :, start : start + self.block] for t in (q, k, v)]
            within, before, after, whole = self.decays(part[0].shape[3])
            scores = part[0] @ part[1].transpose(-1, -2) * within
            out.append(scores @ part[2] + (part[0] * before[..., None]) @ state)
            state = whole[:, None, None] * state + (part[1] * after[..., None]).transpose(-1, -2) @ part[2]
        out = torch.cat(out, 3).transpose(2, 3).reshape(rows, branches, length, -1)
        out = torch.sigmoid(self.output_gate(x)) * self.norm(out)
        return self.out_proj(out), state[:, 0] if branches == 1 else None


class Softmax(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        width, narrow = shape.heads * shape.head_dim, shape.groups * shape.head_dim
        self.q_proj, self.k_proj = linear(width, shape.hidden), linear(narrow, shape.hidden)
        self.v_proj, self.o_proj = linear(narrow, shape.hidden), linear(shape.hidden, width)

    def start(self, common):
        """Queries begin as copies of their keys and outputs as copies of what was seen: alike finds alike."""
        shape, share = self.shape, self.shape.heads // self.shape.groups
        with torch.no_grad():
            nn.init.orthogonal_(self.v_proj.weight)
            self.k_proj.weight.view(shape.groups, shape.head_dim, shape.hidden)[:, : shape.rotary] *= 0.3
            self.k_proj.weight -= (self.k_proj.weight @ common)[:, None] * common
            self.k_proj.weight *= 1.5
            for head in range(shape.heads):
                mine = slice(head * shape.head_dim, (head + 1) * shape.head_dim)
                group = slice(head // share * shape.head_dim, (head // share + 1) * shape.head_dim)
                self.q_proj.weight[mine] = self.k_proj.weight[group]
                self.o_proj.weight[:, mine] = self.v_proj.weight[group].T / share

    def rotate(self, x, positions):
        """x [batch, branches, tokens, heads, dim]"""
        half = self.shape.rotary // 2
        frequency = self.shape.theta ** (-torch.arange(half, dtype=torch.float64) * 2 / self.shape.rotary)
        angle = (positions[..., None, None].double() * frequency)
        cos, sin = angle.cos().float(), angle.sin().float()
        a, b, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
        return torch.cat((a * cos - b * sin, b * cos + a * sin, rest), -1)

    def heads(self, x):
        """[batch, branches, tokens, width] to [batch, branches, tokens, heads, dim]"""
        return x.unflatten(-1, (-1, self.shape.head_dim))

    def remember(self, x, positions, seen):
        """Keys and values [batch, groups, tokens, dim]: those of `seen`, then x's."""
        k, v = self.rotate(self.heads(self.k_proj(x)), positions), self.heads(self.v_proj(x))
        k, v = (t.flatten(1, 2).transpose(1, 2) for t in (k, v))
        return (k, v) if seen is None else (torch.cat((seen[0], k), 2), torch.cat((seen[1], v), 2))

    def forward(self, x, positions, mask, seen):
        """The mask covers the tokens of `seen` and x's own."""
        rows, branches, length, _ = x.shape
        q = self.rotate(self.heads(self.q_proj(x)), positions).flatten(1, 2).transpose(1, 2)
        k, v = self.remember(x, positions, seen)
        share = self.shape.heads // self.shape.groups
        out = F.scaled_dot_product_attention(q, k.repeat_interleave(share, 1), v.repeat_interleave(share, 1), mask)
        return self.o_proj(out.transpose(1, 2).reshape(rows, branches, length, -1)), (k, v)


class Expert(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.w1, self.w3 = linear(shape.inner, shape.hidden), linear(shape.inner, shape.hidden)
        self.w2 = linear(shape.hidden, shape.inner)
        with torch.no_grad():
            self.w2.weight *= 0.3

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Experts(nn.Module):
    """One expert, whose weight is 1 whatever the router says."""

    def __init__(self, shape):
        super().__init__()
        self.gate = linear(1, shape.hidden)
        self.gate.weight.requires_grad_(False)
        self.experts = nn.ModuleList([Expert(shape)])

    def forward(self, x):
        return self.experts[0](x)


class Layer(nn.Module):
    def __init__(self, shape, index):
        super().__init__()
        self.shape, self.is_softmax = shape, shape.kinds[index] == 1
        self.input_layernorm = Norm(shape.hidden, shape.eps)
        self.self_attn = Softmax(shape) if self.is_softmax else Lightning(shape, index)
        self.post_attention_layernorm = Norm(shape.hidden, shape.eps)
        self.block_sparse_moe = Experts(shape)

    def remember(self, x, positions, memory):
        """The memory alone, for the last layer while a document is read."""
        normed = self.input_layernorm(x)
        return self.self_attn.remember(normed, positions, memory) if self.is_softmax else self.self_attn(normed, memory)[1]

    def forward(self, x, positions, mask, memory):
        normed = self.input_layernorm(x)
        if self.is_softmax:
            mixed, memory = self.self_attn(normed, positions, mask, memory)
        else:
            mixed, memory = self.self_attn(normed, memory)
        x = self.shape.alpha * (normed if self.shape.postnorm else x) + mixed
        normed = self.post_attention_layernorm(x)
        x = self.shape.alpha * (normed if self.shape.postnorm else x) + self.block_sparse_moe(normed)
        return x, memory


class Trunk(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        common = F.normalize(torch.randn(shape.hidden), dim=0)
        nn.init.normal_(self.embed_tokens.weight, std=shape.hidden ** -0.5)
        self.embed_tokens.weight.data += common
        self.layers = nn.ModuleList([Layer(shape, index) for index in range(len(shape.kinds))])
        for layer in self.layers:
            layer.self_attn.start(common)
        self.norm = Norm(shape.hidden, shape.eps)


class Model(nn.Module):
    """Reads [batch, branches, tokens]; parameters have the published names."""

    def __init__(self, shape):
        super().__init__()
        self.shape, self.model = shape, Trunk(shape)

    def forward(self, ids, positions, mask, memory=None):
        x = self.model.embed_tokens(ids)
        memory = memory or [None] * len(self.model.layers)
        after = []
        for layer, before in zip(self.model.layers, memory):
            x, kept = layer(x, positions, mask, before)
            after.append(kept)
        return self.model.norm(x), after

    def read(self, ids, positions, mask, memory=None):
        """What the layers remember; nothing is predicted."""
        x, layers = self.model.embed_tokens(ids), self.model.layers
        memory = memory or [None] * len(layers)
        after = []
        for layer, before in zip(layers[:-1], memory):
            x, kept = layer(x, positions, mask, before)
            after.append(kept)
        return [*after, layers[-1].remember(x, positions, memory[-1])]

    def logits(self, hidden):
        return hidden @ self.model.embed_tokens.weight.T

    @staticmethod
    def load(folder):
        from safetensors.torch import load_file

        model = Model(Shape.of(json.loads((Path(folder) / "config.json").read_text())))
        model.load_state_dict({name: t.float() for name, t in load_file(Path(folder) / "model.safetensors").items()})
        return model.requires_grad_(False)


def causal(length, bias=None):
    """A mask for SDPA; `bias` [batch, length] says how much more each key counts, as a logarithm."""
    mask = torch.full((length, length), -math.inf).triu(1)
    return mask if bias is None else mask + bias[:, None, None, :]


def branched(branches, length, bias):
    """Every branch sees the document and itself."""
    own = torch.full((branches, length, branches, length), -math.inf)
    for branch in range(branches):
        own[branch, :, branch] = torch.full((length, length), -math.inf).triu(1)
    own = own.view(branches * length, branches * length)
    rows, read = bias.shape
    return torch.cat((bias[:, None, None, :].expand(rows, 1, own.shape[0], read), own.expand(rows, 1, -1, -1)), 3)
