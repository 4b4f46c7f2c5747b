"""The linear branch of a converted layer: what it learns, and how it gives its part of the sum."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

import mixing

# The log of a key's gain stays within +-8: it goes into a state that is never rescaled.
KEY_RANGE = 8.0


@dataclass(frozen=True)
class Conversion:
    """What becomes of the layers."""

    window: int  # tokens seen with exact attention, and those of the step besides
    sinks: int  # first tokens seen with exact attention
    map_dim: int  # a head has 2 * map_dim features
    state_heads: int  # as many states, key maps and decays; a multiple of the key heads
    keep: tuple  # layers that keep softmax attention
    step: int = 64  # tokens by which the window's far end moves, and that join the linear part at once; the engine's

    @staticmethod
    def of(config):
        return Conversion(**{**config, "keep": tuple(config["keep"])})

    @property
    def first(self):
        """The first position whose queries may see the linear part."""
        return -(-self.window // self.step) * self.step


class LightningBranch(nn.Module):
    """What a converted layer learns beside its projections.

    Per head a feature map, per state a feature map and a decay. Features compare a query with a
    key; what they cannot say is how much a query or a key counts on its own, because softmax
    features have a fixed sum. That is what the two gains say, affine in q and in k.
    """

    def __init__(self, shape, conversion):
        super().__init__()
        heads, states, dim, size = shape.heads, conversion.state_heads, shape.head_dim, conversion.map_dim
        self.query_map = nn.Parameter(_first_map(heads, dim, size))
        self.query_map_bias = nn.Parameter(torch.zeros(heads, size))
        self.query_gain = nn.Parameter(torch.zeros(heads, dim))
        self.query_gain_bias = nn.Parameter(torch.zeros(heads))
        self.key_map = nn.Parameter(_first_map(states, dim, size))
        self.key_map_bias = nn.Parameter(torch.zeros(states, size))
        self.key_gain = nn.Parameter(torch.zeros(states, dim))
        self.key_gain_bias = nn.Parameter(torch.zeros(states))
        self.log_slope = nn.Parameter(torch.full((states,), math.log(math.log(2) / 256)))

    def slope(self):
        """-ln of each state's decay."""
        return self.log_slope.exp()

    def query_side(self, q):
        """Features and log gain of queries without rotary embedding."""
        gain = torch.einsum("bhtd,hd->bht", q.float(), self.query_gain) + self.query_gain_bias[:, None]
        return mixing.features(q, self.query_map, self.query_map_bias), gain

    def key_side(self, k):
        """Features of keys [batch, states, tokens, dim] without rotary embedding, gain included."""
        gain = torch.einsum("bhtd,hd->bht", k.float(), self.key_gain) + self.key_gain_bias[:, None]
        gain = gain.clamp(-KEY_RANGE, KEY_RANGE).exp()[..., None]
        return mixing.features(k, self.key_map, self.key_map_bias) * gain

    def forward(self, q, k, v, conversion):
        """Numerator, denominator and log gain for the queries from position `conversion.first` on."""
        c, per_group = conversion, self.key_map.shape[0] // k.shape[1]
        # Where the last query's step begins decides what has joined by then.
        joined = mixing.border(q.shape[2] - 1, c.window, c.step) + 1
        late_k = k[:, :, :joined].repeat_interleave(per_group, 1)
        late_v = v[:, :, :joined].repeat_interleave(per_group, 1)
        key = self.key_side(late_k)
        key = torch.cat([torch.zeros_like(key[:, :, :c.sinks]), key[:, :, c.sinks:]], 2)
        # The first step's keys end at its border: what lies before the first token counts nothing.
        missing = c.window + c.step - 1 - c.first
        key, late_v = (F.pad(part, (0, 0, missing, 0)) for part in (key, late_v))
        query, gain = self.query_side(q[:, :, c.first:])
        parts = mixing.linear_partial(query.to(v.dtype), key.to(v.dtype), late_v, self.slope(), c.step)
        return *parts, gain

    def forward_branches(self, q, k, v, count, conversion):
        """The same for branches' queries q [branches, heads, length, dim] after a document's k and v of `count` tokens."""
        c, per_group = conversion, self.key_map.shape[0] // k.shape[1]
        joined = min(max(int(mixing.border(count + q.shape[2] - 1, c.window, c.step)) + 1, 1), count)
        key = self.key_side(k[:, :, :joined].repeat_interleave(per_group, 1))
        value = v[:, :, :joined].repeat_interleave(per_group, 1)
        query, gain = self.query_side(q)
        return *mixing.branches_linear(query, key, value, self.slope(), count, c.window, c.step, c.sinks), gain


def _first_map(heads, dim, size):
    """Picks the elements that the rotary embedding turns least: the others say
    nothing about a token far away. NeoX pairing: element i turns with i + dim / 2."""
    half, pairs = dim // 2, size // 2
    slow = torch.cat([torch.arange(half - pairs, half), torch.arange(dim - pairs, dim)])
    first = torch.zeros(dim, size)
    first[slow, torch.arange(size)] = 1
    return first.repeat(heads, 1, 1)
