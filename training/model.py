"""A Llama whose layers can each keep softmax attention or become window + linear attention.

Module names follow transformers' LlamaForCausalLM, so a folder of Hugging Face's layout loads
as it is. Embedding and head are tied.
"""

import json
import math
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.utils.checkpoint import checkpoint

import mixing
from lightning import LightningBranch

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Shape:
    """Of the base model, from its config.json."""

    hidden: int
    layers: int
    heads: int
    groups: int
    head_dim: int
    intermediate: int
    vocabulary: int
    eps: float
    theta: float

    @staticmethod
    def read(folder):
        config = json.loads((Path(folder) / "config.json").read_text())
        heads, hidden = config["num_attention_heads"], config["hidden_size"]
        if not config.get("tie_word_embeddings", False):
            raise ValueError("only models with tied embeddings are supported")
        parameters = config.get("rope_parameters") or {}
        return Shape(
            hidden=hidden, layers=config["num_hidden_layers"], heads=heads,
            groups=config.get("num_key_value_heads", heads), head_dim=config.get("head_dim") or hidden // heads,
            intermediate=config["intermediate_size"], vocabulary=config["vocab_size"],
            eps=config["rms_norm_eps"], theta=config.get("rope_theta") or parameters["rope_theta"])


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight.float()


class LowRankProduct(torch.autograd.Function):
    """x [..., inputs] times `merged` = W + scale * B A, as (W + scale * B A) x; A and B learn, W does not.

    One large product instead of one large and two thin ones each way; `merged` itself gets no gradient.
    """

    @staticmethod
    def forward(ctx, x, merged, lora_a, lora_b, scale):
        x = x.to(merged.dtype)
        ctx.save_for_backward(x, merged, lora_a, lora_b)
        ctx.scale = scale
        return F.linear(x, merged)

    @staticmethod
    def backward(ctx, outer):
        x, merged, lora_a, lora_b = ctx.saved_tensors
        rows, outer_rows = x.flatten(0, -2), outer.flatten(0, -2).to(merged.dtype)
        by_x = (outer_rows @ merged).view_as(x) if ctx.needs_input_grad[0] else None
        inner = outer_rows @ (ctx.scale * lora_b).to(merged.dtype)
        by_a = (inner.t() @ rows).to(lora_a.dtype)
        by_b = ctx.scale * (outer_rows.t() @ (rows @ lora_a.to(merged.dtype).t())).to(lora_b.dtype)
        return by_x, None, by_a, by_b, None


class Linear(nn.Linear):
    """A projection that may carry a low-rank addition: W x + scale * B A x."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, bias=False)
        self.scale = 0.0
        self._merged = None  # (what it was made of, W + scale * B A)
        self.register_parameter("lora_a", None)
        self.register_parameter("lora_b", None)

    def add_low_rank(self, rank, scale):
        self.scale = scale
        self.lora_a = nn.Parameter(torch.randn(rank, self.in_features) / math.sqrt(self.in_features))
        self.lora_b = nn.Parameter(torch.zeros(self.out_features, rank))
        self._merged = None

    def rescale(self, scale):
        """The same addition by another scale, which is a rate of its own for lora_b."""
        self.lora_b.data *= self.scale / scale
        self.scale = scale

    def forward(self, x):
        if not torch.is_autocast_enabled(x.device.type):
            x = x.to(self.weight.dtype)  # norms are computed in fp32 whatever the weights are
        if self.lora_a is None or self.scale == 0:
            return F.linear(x, self.weight)
        if self.weight.requires_grad:
            return F.linear(x, self.weight) + self.scale * F.linear(F.linear(x, self.lora_a), self.lora_b)
        return LowRankProduct.apply(x, self._sum(x.device.type), self.lora_a, self.lora_b, self.scale)

    @torch.compiler.disable  # a compiled block would be compiled anew for every step's factors
    def _sum(self, device):
        """W + scale * B A in the precision of products, made once for all rows of a step."""
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else self.weight.dtype
        made_of = (dtype, self.scale, *((x.data_ptr(), x._version) for x in (self.weight, self.lora_a, self.lora_b)))
        if self._merged is None or self._merged[0] != made_of:
            with torch.no_grad():
                self._merged = made_of, torch.addmm(self.weight.float(), self.lora_b.float(), self.lora_a.float(), alpha=self.scale).to(dtype)
        return self._merged[1]


class Attention(nn.Module):
    def __init__(self, shape, conversion, layer):
        super().__init__()
        self.shape, self.conversion = shape, conversion
        width, narrow = shape.heads * shape.head_dim, shape.groups * shape.head_dim
        self.q_proj = Linear(shape.hidden, width)
        self.k_proj = Linear(shape.hidden, narrow)
        self.v_proj = Linear(shape.hidden, narrow)
        self.o_proj = Linear(width, shape.hidden)
        converted = conversion is not None and layer not in conversion.keep
        self.lightning = LightningBranch(shape, conversion) if converted else None
        self.branch_on = True

    def project(self, x):
        """q, k, v [batch, heads or groups, tokens, dim], not rotated."""
        split = lambda y: self._mixable(y.view(*y.shape[:2], -1, self.shape.head_dim).transpose(1, 2))
        return split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x))

    def softmax(self, q, k, v, tables):
        return self._joined(mixing.full_attention(mixing.rotate(q, tables.near), mixing.rotate(k, tables.near), v, tables.mask, tables.spans))

    def exact(self, q, k, v, tables):
        c = self.conversion
        near, far = mixing.rotate(q, tables.near), mixing.rotate(q, tables.far)
        return mixing.exact_partial(near, far, mixing.rotate(k, tables.near), v, c.window, c.step, c.sinks)

    def hybrid(self, q, k, v, exact):
        """`exact` is what `self.exact` gave for these."""
        out, lse = exact
        c = self.conversion
        if self.branch_on and q.shape[2] > c.first:
            late = mixing.merge(out[:, :, c.first:], lse[:, :, c.first:], *self.lightning(q, k, v, c))
            out = torch.cat([out[:, :, :c.first], late], 2)
        return self._joined(out.to(v.dtype))

    def forked(self, q, k, v, tables):
        """A row of a document and branches of it: [1, heads or groups, document + branches * length, dim]."""
        fork = tables.fork
        cut = lambda x: (x[:, :, :fork.document], fork.branches(x))
        (dq, bq), (dk, bk), (dv, bv) = cut(q), cut(k), cut(v)
        near_k, own_k = mixing.rotate(dk, tables.near), mixing.rotate(bk, fork.near)
        near_q = mixing.rotate(bq, fork.near)
        if self.lightning is None:
            document = self._joined(mixing.full_attention(mixing.rotate(dq, tables.near), near_k, dv))
            out = mixing.branches_softmax(near_q, own_k, bv, near_k, dv, 1 / math.sqrt(self.shape.head_dim))
        else:
            c = self.conversion
            document = self.hybrid(dq, dk, dv, self.exact(dq, dk, dv, tables))
            out, lse = mixing.branches_exact(
                near_q, mixing.rotate(bq, fork.far), own_k, bv, near_k, dv, c.window, c.step, c.sinks)
            if self.branch_on:
                out = mixing.merge(out, lse, *self.lightning.forward_branches(bq, dk, dv, fork.document, c))
        return torch.cat([document, out.to(v.dtype).transpose(1, 2).reshape(1, -1, document.shape[2])], 1)

    def forward(self, x, tables):
        q, k, v = self.project(x)
        with torch.autocast(x.device.type, enabled=False):
            if tables.fork is not None:
                mixed = self.forked(q, k, v, tables)
            elif self.lightning is None:
                mixed = self.softmax(q, k, v, tables)
            else:
                mixed = self.hybrid(q, k, v, self.exact(q, k, v, tables))
        return self.o_proj(mixed)

    @staticmethod
    def _mixable(x):
        """CPUs multiply batches of small matrices in bf16 many times slower than in fp32."""
        return x.float() if x.device.type == "cpu" else x

    @staticmethod
    def _joined(x):
        return x.transpose(1, 2).flatten(2)


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = Linear(shape.hidden, shape.intermediate)
        self.up_proj = Linear(shape.hidden, shape.intermediate)
        self.down_proj = Linear(shape.intermediate, shape.hidden)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, shape, conversion, layer):
        super().__init__()
        self.input_layernorm = RMSNorm(shape.hidden, shape.eps)
        self.self_attn = Attention(shape, conversion, layer)
        self.post_attention_layernorm = RMSNorm(shape.hidden, shape.eps)
        self.mlp = FeedForward(shape)

    def forward(self, x, tables):
        x = x + self.self_attn(self.input_layernorm(x), tables)
        return x + self.mlp(self.post_attention_layernorm(x))


@dataclass
class Tables:
    """Rotary embedding's cos and sin: of each position, and of a query's towards the sinks."""

    near: tuple
    far: tuple
    mask: torch.Tensor = None  # [rows, 1, tokens, tokens], True: seen; None: causal
    spans: list = None  # of each row the ranges of tokens that see nothing outside of them; None: one range
    fork: object = None  # a `Fork`, where the row is a document and branches of it

    @staticmethod
    def make(length, shape, conversion, device):
        positions = torch.arange(length, device=device)
        near = mixing.rotation(positions, shape.head_dim, shape.theta)
        if conversion is None:
            return Tables(near, near)
        farthest = conversion.sinks + conversion.window - 1
        return Tables(near, mixing.rotation(positions.clamp(max=farthest), shape.head_dim, shape.theta))


@dataclass
class Fork:
    """A row that is a document and, after it, branches of one padded length, none of which sees another."""

    document: int  # tokens
    count: int  # of branches
    length: int  # of each, padding included
    near: tuple
    far: tuple

    def branches(self, x):
        """[1, heads, tokens, dim] -> [count, heads, length, dim]"""
        return x[0, :, self.document:].unflatten(1, (self.count, self.length)).transpose(0, 1)


class Model(nn.Module):
    """`conversion` None keeps softmax attention in all layers: the teacher."""

    def __init__(self, shape, conversion=None):
        super().__init__()
        self.shape, self.conversion = shape, conversion
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Block(shape, conversion, layer) for layer in range(shape.layers))
        self.norm = RMSNorm(shape.hidden, shape.eps)
        self.recompute = False
        self.changed = set()  # names of the tensors that are not the base model's
        self._tables = {}

    @staticmethod
    def load(folder, conversion=None):
        model = Model(Shape.read(folder), conversion)
        weights = {}
        for file in sorted(Path(folder).glob("model*.safetensors")):
            weights.update(load_file(file))
        unused = ("rotary", "lm_head.weight")
        weights = {name.removeprefix("model."): value for name, value in weights.items() if not any(part in name for part in unused)}
        missing, extra = model.load_state_dict(weights, strict=False)
        missing = [name for name in missing if ".lightning." not in name]
        if missing or extra:
            raise ValueError(f"weights missing: {missing[:3]}, unknown: {extra[:3]}")
        return model.requires_grad_(False)

    @property
    def head(self):
        return self.embed_tokens.weight

    def tables(self, length, device):
        key = (length, str(device))
        if key not in self._tables:
            self._tables = {key: Tables.make(length, self.shape, self.conversion, device)}
        return self._tables[key]

    def laid_out(self, positions, mask, spans=None):
        """Tables for rows whose tokens have positions [rows, tokens] and a mask of their own."""
        if self.conversion is not None:
            raise ValueError("rows with a layout of their own need softmax attention in all layers")
        near = tuple(table.view(*positions.shape, -1)[:, None] for table in mixing.rotation(positions.flatten(), self.shape.head_dim, self.shape.theta))
        return Tables(near, near, mask, spans)

    def forked(self, document, count, length, device="cpu"):
        """Tables for one row of a document of so many tokens and `count` branches of `length` tokens."""
        positions = document + torch.arange(length, device=device)
        rotation = lambda x: mixing.rotation(x, self.shape.head_dim, self.shape.theta)
        far = positions
        if self.conversion is not None:
            far = positions.clamp(max=self.conversion.sinks + self.conversion.window - 1)
        tables = Tables.make(document, self.shape, self.conversion, device)
        tables.fork = Fork(document, count, length, rotation(positions), rotation(far))
        return tables

    def forward(self, ids, tables=None):
        """Hidden states [batch, tokens, hidden] after the last norm."""
        x, tables = self.embed_tokens(ids).float(), tables or self.tables(ids.shape[1], ids.device)
        for block in self.layers:
            if self.recompute and torch.is_grad_enabled():
                x = checkpoint(block, x, tables, use_reentrant=False)
            else:
                x = block(x, tables)
        return self.norm(x)

    def converted(self):
        """(index, block) of the layers with a linear branch."""
        return [(index, block) for index, block in enumerate(self.layers) if block.self_attn.lightning is not None]

    def projections(self):
        """(name, module) of every projection, in order."""
        return [(name, module) for name, module in self.named_modules() if isinstance(module, Linear)]

    def add_low_rank(self, rank, scale, names=PROJECTIONS):
        for name, module in self.projections():
            if name.split(".")[-1] in names:
                module.add_low_rank(rank, scale)

    def trainable(self):
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    @contextmanager
    def without_low_rank(self):
        """The base model, or what was loaded over it in full."""
        modules = [(module, module.scale) for _, module in self.projections()]
        for module, _ in modules:
            module.scale = 0.0
        try:
            yield
        finally:
            for module, scale in modules:
                module.scale = scale

    @contextmanager
    def without_branch(self):
        """Sees the window and the sinks only."""
        blocks = [block.self_attn for _, block in self.converted()]
        for attention in blocks:
            attention.branch_on = False
        try:
            yield
        finally:
            for attention in blocks:
                attention.branch_on = True
