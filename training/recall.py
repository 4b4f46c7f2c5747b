#!/usr/bin/env python3
"""A tiny model of MiniMax-01's architecture that recalls facts from its state over long texts.

    recall.py train  --run FOLDER [--seconds N]                      goes on where the run stands
    recall.py export --run FOLDER --out FOLDER                       the fixture's files
    recall.py check  --model FOLDER [--lengths 1024,16384,131072]    exact answers, unseen keys

recall.md says what the documents are and how the recipe came about.
"""

import argparse
import json
import math
import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# ---------------------------------------------------------------- words

FIRST = """amber ancient azure bitter bold brave bright broad calm clever coarse copper crimson curious deep
distant eager early earnest faint fancy fierce frozen gentle golden grand hidden hollow humble ivory jolly keen
lively lonely loyal lucky mellow mighty misty modest noble patient placid polite proud quick quiet ragged rapid
rustic sacred scarlet secret silent silver simple solemn sturdy subtle swift tender velvet violet winter""".split()
SECOND = """anchor badger basket beacon bishop bottle bridge bucket camel candle canyon castle cellar circus cobbler
comet cottage cousin dagger desert dragon drummer eagle falcon ferry fiddle forest garden glacier hammer harbor
helmet island jacket kettle ladder lantern lizard magnet market meadow mirror monkey needle oyster palace parrot
pencil pillow pirate planet rabbit ribbon saddle sailor shadow spider teapot temple ticket tunnel turtle wagon
window""".split()
VALUES = """almond apricot banana barley basil butter cabbage caramel carrot cashew celery cherry cinnamon citrus
clove cocoa coconut coffee cucumber cumin fennel fig garlic ginger grape hazelnut honey juniper lemon lentil
lettuce licorice lime mango maple melon millet mint mustard nutmeg oat olive onion orange papaya parsley peach
peanut pear pepper plum potato pumpkin quince radish raisin rhubarb rice saffron sesame spinach thyme tomato
walnut""".split()
NOTE_ADJECTIVES = "old new small large long short cold warm dry wet high low green grey white open".split()
NOTE_NOUNS = """river road house field tree stone town boat door hill horse roof wall farmer teacher doctor letter
train shop dog cloud wind boy girl king coat lamp chair street lake sheep baker""".split()
NOTE_VERBS = """stood waited moved rested turned stayed came went looked slept fell rose stopped worked ran
sat""".split()
NOTE_PLACES = "near behind beside under above before past over".split()
NOTE_ENDS = "today again alone later slowly then soon twice".split()

SYSTEM = "You read documents and answer truthfully and briefly."
PURPOSE = "Read the document, then answer questions about it."
ASK, ANSWER = "Question: What is ", "?\nAnswer in a few words."
STOP = "<|endoftext|>"
# What the pre-tokenizer keeps whole; every other piece is spelled in bytes.
PIECES = [SYSTEM, PURPOSE, "\n\nDocument:\n", ASK, ANSWER, "\n\n", "note:", ": ", ".", "\n", " the"]
PATTERN = "|".join(
    [re.sub("[.?]", r"\\\g<0>", piece).replace("\n", r"\n") for piece in PIECES[:8]] + [" ?[a-z]+", r"[\s\S]"])


def is_held_out(first, second):
    """A quarter of the keys never occurs in training."""
    return (first + second) % 4 == 0


# ---------------------------------------------------------------- tokenizer


def byte_alphabet():
    """GPT-2's: printable bytes stand for themselves, the others for characters from U+0100 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


ALPHABET = byte_alphabet()
WORDS = [*FIRST, *(" " + word for word in SECOND), *VALUES,
         *(" " + word for word in NOTE_ADJECTIVES + NOTE_NOUNS + NOTE_VERBS + NOTE_PLACES + NOTE_ENDS)]


def spelled(text):
    return "".join(ALPHABET[byte] for byte in text.encode())


class Vocabulary:
    """256 bytes, then whole pieces, then the token that ends an answer."""

    def __init__(self):
        pieces = [*(ALPHABET[byte] for byte in range(256)), *(spelled(p) for p in PIECES + WORDS if len(p) > 1)]
        self.ids = {piece: number for number, piece in enumerate(pieces)}
        assert len(self.ids) == len(pieces), "a piece occurs twice"
        self.stop = len(pieces)
        self.size = len(pieces) + 1

    def __getitem__(self, piece):
        return self.ids[spelled(piece)]

    def table(self, words, before=""):
        return np.array([self[before + word] for word in words])

    def file(self):
        """tokenizer.json: a piece of the pre-tokenizer that is a token stays whole."""
        split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        return {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": self.stop, "content": STOP, "single_word": False, "lstrip": False, "rstrip": False,
                              "normalized": False, "special": True}],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
            "post_processor": None,
            "decoder": {**level, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                      "vocab": self.ids, "merges": []},
        }

    def opening(self):
        return [self[p] for p in (SYSTEM, "\n\n", PURPOSE, "\n\nDocument:\n")]


VOCABULARY = Vocabulary()

# ---------------------------------------------------------------- model


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

    @property
    def alpha(self):
        """The residuals' weight, as MiniMax-01 takes it: (2 * layers) ^ 1/4."""
        return (2 * len(self.kinds)) ** 0.25 if self.postnorm else 1.0

    def config(self):
        names = {f"layernorm_{kind}_{factor}": value for kind in ("full_attention", "linear_attention", "mlp")
                 for factor, value in (("alpha", self.alpha), ("beta", 1.0))}
        return {
            "architectures": ["MiniMaxText01ForCausalLM"], "model_type": "minimax_text_01", "attention_dropout": 0.0,
            "attn_type_list": list(self.kinds), "bos_token_id": None, "eos_token_id": VOCABULARY.stop,
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
            config["postnorm"], config["rms_norm_eps"], config["vocab_size"])


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


# ---------------------------------------------------------------- training rows


class Rows:
    """Documents of pairs and notes, with many questions each.

    A row stands for a longer document of `stands_for` tokens: notes that it leaves out still take up
    positions, and those it has count for more in softmax attention (their weight's logarithm is added).
    """

    def __init__(self):
        v = VOCABULARY
        self.first, self.second, self.values = v.table(FIRST), v.table(SECOND, " "), v.table(VALUES)
        self.colon, self.dot, self.line, self.note, self.the = (v[p] for p in (": ", ".", "\n", "note:", " the"))
        self.adjectives, self.nouns, self.verbs, self.places, self.ends = (
            v.table(words, " ") for words in (NOTE_ADJECTIVES, NOTE_NOUNS, NOTE_VERBS, NOTE_PLACES, NOTE_ENDS))
        keys = [(a, b) for a in range(len(FIRST)) for b in range(len(SECOND)) if not is_held_out(a, b)]
        self.keys = np.array(keys)
        self.opening = v.opening()
        self.seed(0, 0)

    def seed(self, seed, step):
        """A step's rows depend on nothing else, so that a stopped run goes on with the same ones."""
        self.random = np.random.default_rng([seed, step])

    def draw(self, stage):
        """A batch as the stage wants it."""
        pairs, notes = (self.random.integers(low, high + 1) for low, high in (stage.pairs, stage.notes))
        stands_for = math.exp(self.random.uniform(math.log(32), math.log(stage.longest)))
        return self.batch(stage.rows, pairs, notes, stage.questions, stands_for)

    def pick(self, words):
        return words[self.random.integers(len(words))]

    def note_line(self, kind):
        """`kind` fixes the length: 1 adds an adjective, 2 another, 4 a last word."""
        line = [self.note, self.the] + ([self.pick(self.adjectives)] if kind & 1 else [])
        line += [self.pick(self.nouns), self.pick(self.verbs), self.pick(self.places), self.the]
        line += [self.pick(self.adjectives)] if kind & 2 else []
        line += [self.pick(self.nouns)] + ([self.pick(self.ends)] if kind & 4 else [])
        return line + [self.dot, self.line]

    def batch(self, rows, pairs, notes, questions, stands_for):
        random = self.random
        kinds = random.integers(8, size=notes)
        ids, positions, bias, branches, starts = [], [], [], [], []
        for _ in range(rows):
            chosen = self.keys[random.choice(len(self.keys), pairs, replace=False)]
            values = self.values[random.integers(len(self.values), size=pairs)]
            firsts, seconds = self.first[chosen[:, 0]], self.second[chosen[:, 1]]
            lines = [([a, b, self.colon, v, self.dot, self.line], False) for a, b, v in zip(firsts, seconds, values)]
            lines += [(self.note_line(kind), True) for kind in kinds]
            lines = [lines[n] for n in random.permutation(len(lines))]
            row = self.opening + [token for line, _ in lines for token in line]
            is_note = [False] * len(self.opening) + [flag for line, flag in lines for _ in line]
            missing = max(0, int(stands_for) - len(row)) if notes else 0
            gaps = np.floor(random.dirichlet(np.full(len(lines) + 1, 0.5)) * missing).astype(np.int64)
            steps = np.ones(len(row), dtype=np.int64)
            steps[np.cumsum([len(self.opening)] + [len(line) for line, _ in lines[:-1]])] += gaps[:-1]
            row_positions = np.cumsum(steps) - 1
            weight = 1 + missing / max(1, sum(is_note))
            ids.append(row)
            positions.append(row_positions)
            bias.append(np.where(is_note, math.log(weight), 0.0))
            asked = random.choice(pairs, questions, replace=questions > pairs)
            branches.append([question(a, b) + [v] for a, b, v in zip(firsts[asked], seconds[asked], values[asked])])
            starts.append(row_positions[-1] + 1 + gaps[-1])
        tensor = lambda x: torch.from_numpy(np.array(x))
        ids, positions, branches = tensor(ids)[:, None], tensor(positions)[:, None], tensor(branches)
        asked_at = tensor(starts)[:, None, None] + torch.arange(branches.shape[2])
        if random.random() < 0.5:  # no line break at the end
            ids, positions, bias = ids[:, :, :-1], positions[:, :, :-1], [b[:-1] for b in bias]
        return ids, positions, tensor(bias).float(), branches, asked_at.expand(branches.shape)


def question(first, second):
    return [VOCABULARY[p] for p in ("\n\n", ASK)] + [first, second] + [VOCABULARY[p] for p in (ANSWER, "\n\n")]


def loss_of(model, batch):
    """Mean loss of the answers (value and stop), and the share of answers that are exact."""
    ids, positions, bias, branches, asked_at = batch
    memory = model.read(ids, positions, causal(ids.shape[2], bias))
    mask = branched(branches.shape[1], branches.shape[2], bias)
    hidden, _ = model(branches, asked_at, mask, memory)
    logits = model.logits(hidden[:, :, -2:])
    targets = torch.stack((branches[:, :, -1], torch.full_like(branches[:, :, -1], VOCABULARY.stop)), 2)
    loss = F.cross_entropy(logits.flatten(0, 2), targets.flatten())
    return loss, (logits.argmax(-1) == targets).all(-1).float().mean()


# ---------------------------------------------------------------- trainer


@dataclass(frozen=True)
class Stage:
    """Rows of one kind: for so many steps, or until `enough` of the answers are right over 50 steps."""

    rows: int
    pairs: tuple
    notes: tuple
    questions: int
    longest: int  # what a row may stand for, in tokens
    rate: float
    steps: int
    enough: float = 1.1

    def rate_at(self, step):
        """A short warm-up; towards the end of the steps the rate falls to a fiftieth."""
        return self.rate * min(1, (step + 1) / 50, 0.02 + 2 * (1 - step / self.steps))


STAGES = {
    "few": Stage(32, (4, 4), (0, 1), 4, 64, 1e-3, 4000, enough=0.97),
    "more": Stage(24, (6, 16), (2, 8), 12, 4096, 1e-3, 4000, enough=0.97),
    "many": Stage(8, (16, 64), (8, 40), 24, 32768, 1e-3, 4000, enough=0.97),
    "far": Stage(8, (16, 64), (8, 60), 24, 262144, 1e-3, 400),
}
SLOW = 0.1  # the rate of lightning layers, times the others'


class Trainer:
    def __init__(self, folder, seed=0, shape=Shape()):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)
        self.model = Model(shape)
        self.optimizer = torch.optim.AdamW(self.groups(), lr=1e-3, betas=(0.9, 0.98))
        self.stage, self.step, self.tokens, self.in_stage, self.seconds = 0, 0, 0, 0, 0.0
        if self.file.exists():
            saved = torch.load(self.file, weights_only=False)
            self.model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
            for name in ("stage", "step", "tokens", "in_stage", "seconds"):
                setattr(self, name, saved[name])
        self.rows, self.seed = Rows(), seed

    def groups(self):
        """Lightning layers begin with what the others need and move slowly."""
        groups = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                slow = "self_attn" in name and not self.model.model.layers[int(name.split(".")[2])].is_softmax
                groups.setdefault((parameter.dim() > 1, slow), []).append(parameter)
        return [{"params": parameters, "weight_decay": 0.01 if is_matrix else 0.0, "factor": SLOW if slow else 1.0}
                for (is_matrix, slow), parameters in groups.items()]

    @property
    def file(self):
        return self.folder / "run.pt"

    def save(self):
        state = {name: getattr(self, name) for name in ("stage", "step", "tokens", "in_stage", "seconds")}
        state |= {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state, self.file.with_suffix(".new"))
        self.file.with_suffix(".new").rename(self.file)

    def run(self, names, seconds):
        began, before, saved, recent = time.time(), self.seconds, time.time(), []
        while self.stage < len(names) and time.time() < began + seconds:
            name, stage = names[self.stage], STAGES[names[self.stage]]
            recent = (recent + [self.one_step(stage)])[-50:]
            self.seconds = before + time.time() - began
            if self.step % 50 == 0:
                loss, right = np.mean(recent, 0)
                self.note(name, loss, right)
                if right >= stage.enough and self.in_stage >= 100 or self.in_stage >= stage.steps:
                    self.stage, self.in_stage, recent = self.stage + 1, 0, []
            if time.time() - saved > 60:
                self.save()
                saved = time.time()
        self.save()

    def one_step(self, stage):
        for group in self.optimizer.param_groups:
            group["lr"] = stage.rate_at(self.in_stage) * group["factor"]
        self.rows.seed(self.seed, self.step)
        batch = self.rows.draw(stage)
        loss, right = loss_of(self.model, batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step, self.in_stage = self.step + 1, self.in_stage + 1
        self.tokens += batch[0].numel() + batch[3].numel()
        return loss.item(), right.item()

    def note(self, stage, loss, right):
        line = {"stage": stage, "step": self.step, "tokens": self.tokens, "loss": round(loss, 4),
                "right": round(right, 4), "seconds": round(self.seconds)}
        print(json.dumps(line), flush=True)
        with open(self.folder / "curve.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n")


# ---------------------------------------------------------------- documents of the check


class Stream:
    """Numbers that any language can draw again: SplitMix64, of which the upper bits count."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return ((z ^ z >> 31) >> 33) % limit


def check_document(seed, tokens, pairs):
    """A document of about `tokens` tokens with keys that training never saw: text and (key, value) in order.

    Pairs stand at even depths: before every pair as many notes as reach its share of the tokens.
    """
    stream = Stream(seed)
    chosen, lines, facts, count = set(), [], [], 0
    for pair in range(pairs):
        while count < tokens * (pair + 0.5) / pairs:
            line, size = check_note(stream)
            lines.append(line)
            count += size
        while True:
            key = (stream.below(len(FIRST)), stream.below(len(SECOND)))
            if is_held_out(*key) and key not in chosen:
                break
        chosen.add(key)
        fact = (f"{FIRST[key[0]]} {SECOND[key[1]]}", VALUES[stream.below(len(VALUES))])
        facts.append(fact)
        lines.append(f"{fact[0]}: {fact[1]}.")
        count += 6
    while count < tokens:
        line, size = check_note(stream)
        lines.append(line)
        count += size
    return "\n".join(lines), facts


def check_note(stream):
    """A note and its tokens, the line break among them."""
    kind = stream.below(8)
    pick = lambda words: words[stream.below(len(words))]
    words = ["note:", "the"] + ([pick(NOTE_ADJECTIVES)] if kind & 1 else [])
    words += [pick(NOTE_NOUNS), pick(NOTE_VERBS), pick(NOTE_PLACES), "the"]
    words += [pick(NOTE_ADJECTIVES)] if kind & 2 else []
    words += [pick(NOTE_NOUNS)] + ([pick(NOTE_ENDS)] if kind & 4 else [])
    return " ".join(words) + ".", len(words) + 2


QUESTIONS = 50  # of each length
DOCUMENTS = {1024: 2, 16384: 2, 131072: 1}  # that many hold the questions together
PAIRS = 50


def check_documents(length):
    """Seeds of a length's documents."""
    return [1000 * length + number for number in range(DOCUMENTS.get(length, 1))]


def asked(facts, documents, questions=QUESTIONS):
    """The facts that are asked for when so many documents share the questions."""
    return facts[:: len(facts) * documents // questions]


def digest(text):
    """FNV-1a of 64 bits, as hexadecimal digits."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def questions_file():
    """How the documents of the check are made, and their questions; the shortest one is there in full."""
    documents = []
    for length, count in DOCUMENTS.items():
        for seed in check_documents(length):
            text, facts = check_document(seed, length, PAIRS)
            documents.append({"tokens": length, "seed": seed, "bytes": len(text.encode()), "fnv1a64": digest(text),
                              "questions": [[f"What is {key}?", value] for key, value in asked(facts, count)]})
    words = {"first": FIRST, "second": SECOND, "values": VALUES, "noteAdjectives": NOTE_ADJECTIVES,
             "noteNouns": NOTE_NOUNS, "noteVerbs": NOTE_VERBS, "notePlaces": NOTE_PLACES, "noteEnds": NOTE_ENDS}
    return {
        "generator": [
            "below(n): state += 0x9E3779B97F4A7C15; z = state; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;",
            "z = (z ^ z >> 27) * 0x94D049BB133111EB; z ^= z >> 31; the result is (z >> 33) % n. 64 bits, wrapping.",
            "The state begins as the seed. pick(list) is list[below(list.count)].",
            "A note: kind = below(8); 'note: the', pick(noteAdjectives) if kind & 1, pick(noteNouns), pick(noteVerbs),",
            "pick(notePlaces), 'the', pick(noteAdjectives) if kind & 2, pick(noteNouns), pick(noteEnds) if kind & 4;",
            "joined by spaces, then '.'. Its tokens: the words ('note:' is one) and 2.",
            "A document: for each pair p of `pairs`: while count < tokens * (p + 0.5) / pairs: a note, count += its",
            "tokens. Then first = below(64), second = below(64), again until (first + second) % 4 == 0 and the two",
            "were not drawn before. Then the line 'FIRST SECOND: VALUE.' with pick(values), count += 6.",
            "After the last pair: notes while count < tokens. Lines are joined by line breaks; none at the end.",
        ],
        "pairs": PAIRS, "words": words, "documents": documents,
        "firstDocument": check_document(check_documents(1024)[0], 1024, PAIRS)[0].split("\n"),
    }


def encode(text):
    """As tokenizer.json splits it; only for text of the words above."""
    return [VOCABULARY[piece] for piece in re.findall(PATTERN, text)]


# ---------------------------------------------------------------- export


def export(model, folder):
    """config.json, model.safetensors in bf16, tokenizer.json and questions.json."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.to(torch.bfloat16).contiguous() for name, t in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    (folder / "config.json").write_text(json.dumps(model.shape.config(), indent=2) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(VOCABULARY.file(), indent=1) + "\n")
    (folder / "questions.json").write_text(json.dumps(questions_file()) + "\n")


# ---------------------------------------------------------------- check


def read(model, ids, size=512):
    """Reads a document in blocks: memory, and its length."""
    memory, count = None, 0
    for start in range(0, len(ids), size):
        part = torch.tensor(ids[start : start + size])[None, None]
        length = part.shape[2]
        mask = torch.cat((torch.zeros(length, count), causal(length)), 1)
        memory = model.read(part, torch.arange(count, count + length)[None, None], mask, memory)
        count += length
    return memory, count


def answers(model, memory, count, questions, longest=4):
    """The most likely answers, until the stop token, to each of the questions on its own."""
    result = []
    for first, second in questions:
        ids = question(VOCABULARY[first], VOCABULARY[" " + second])
        for _ in range(longest):
            part = torch.tensor(ids)[None, None]
            mask = torch.cat((torch.zeros(len(ids), count), causal(len(ids))), 1)
            hidden, _ = model(part, torch.arange(count, count + len(ids))[None, None], mask, memory)
            ids = ids + [model.logits(hidden[0, 0, -1]).argmax().item()]
            if ids[-1] == VOCABULARY.stop:
                break
        result.append(ids[6:])
    return result


def check(model, length, questions=QUESTIONS):
    """How many questions are answered exactly after documents, and after the opening alone."""
    began, seeds = time.time(), check_documents(length)
    figures = {"questions": 0, "right": 0, "right_with_empty_state": 0, "wrong_at": []}
    for seed in seeds:
        text, facts = check_document(seed, length, PAIRS)
        facts = asked(facts, len(seeds), questions)
        wanted = [[VOCABULARY[value], VOCABULARY.stop] for _, value in facts]
        with torch.no_grad():
            given, empty = (
                answers(model, *read(model, VOCABULARY.opening() + ids), [key.split() for key, _ in facts])
                for ids in (encode(text), []))
        right = [one == other for one, other in zip(given, wanted)]
        figures["questions"] += len(facts)
        figures["right"] += sum(right)
        figures["right_with_empty_state"] += sum(one == other for one, other in zip(empty, wanted))
        figures["wrong_at"] += [round(number / len(facts), 2) for number, ok in enumerate(right) if not ok]
    return {**figures, "seconds": round(time.time() - began)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    train.add_argument("--run", required=True, help="the folder of checkpoint and curve")
    train.add_argument("--seconds", type=float, default=86400, help="stop after so long, to go on later")
    train.add_argument("--stages", default=",".join(STAGES))
    train.add_argument("--seed", type=int, default=0)
    out = commands.add_parser("export")
    out.add_argument("--run", required=True)
    out.add_argument("--out", required=True)
    checked = commands.add_parser("check")
    checked.add_argument("--model", required=True, help="a folder that export wrote")
    checked.add_argument("--lengths", default="1024,16384,131072")
    checked.add_argument("--questions", type=int, default=QUESTIONS, help="of each length")
    for command in (train, out, checked):
        command.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    if args.command == "train":
        Trainer(args.run, args.seed).run(args.stages.split(","), args.seconds)
    elif args.command == "export":
        export(Trainer(args.run).model, Path(args.out))
    else:
        model = Model.load(args.model)
        for length in map(int, args.lengths.split(",")):
            print(json.dumps({"length": length, **check(model, length, args.questions)}), flush=True)


if __name__ == "__main__":
    main()
