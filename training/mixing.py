"""The arithmetic of a converted layer, as functions of tensors.

A converted layer looks at the past in two parts. The last `window` tokens and a few
first ones ("sinks") are seen with exact softmax attention. Everything between them is
seen through linear attention with a constant decay, whose state has a constant size.
Both parts are sums of positive weights, so they share one denominator:

    out_t = (sum_exact e^{q_t.k_s / sqrt(dim)} v_s + sum_linear w_ts v_s)
          / (sum_exact e^{q_t.k_s / sqrt(dim)}     + sum_linear w_ts),
    w_ts  = e^{a(q_t)} d^{t - window - s} phi(q_t).phi(k_s) e^{b(k_s)}

with a and b affine, phi two softmaxes, and d the decay of the head.

Each part is computed as if it were alone, with the logarithm of its denominator; `merge`
weighs them. That is the same number, and no exponential can overflow.

Shapes: q [batch, heads, tokens, dim]; k and v [batch, groups, tokens, dim], groups
dividing heads. Positions count from 0.
"""

import math

import torch
import torch.nn.functional as F

# Below any denominator that features of fp32 can sum to; keeps log() finite.
SMALLEST = 1e-30


def rotation(positions, dim, theta):
    """cos and sin [tokens, dim] of the rotary embedding (NeoX pairing).

    Angles are taken in double: fp32 loses a thousandth of a radian at position 100,000.
    """
    frequencies = theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = positions.to("cpu", torch.float64)[:, None] * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos().float().to(positions.device), angles.sin().float().to(positions.device)


def rotate(x, table):
    cos, sin = table
    low, high = x.float().chunk(2, -1)
    return (torch.cat([low, high], -1) * cos + torch.cat([-high, low], -1) * sin).to(x.dtype)


def full_attention(q, k, v, mask=None):
    """Causal softmax attention over everything, or over what `mask` lets see."""
    repeat = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)


def exact_partial(q, sink_q, k, v, window, sinks):
    """Softmax over the last `window` tokens and the sinks that have left it.

    q and k are rotated to their positions, sink_q to the farthest a sink is seen from.
    Returns out [batch, heads, tokens, dim] and the log of its denominator [batch, heads, tokens].

    Blocks of queries meet the keys of their block and of the window before it, so that
    the work per token depends on the window alone.
    """
    length, block = q.shape[2], min(window, 128)
    blocks = -(-length // block)
    scale = 1 / math.sqrt(q.shape[3])
    rows = _fold(q * scale, k.shape[1], blocks, block)
    keys = _windows(k, window, blocks, block)  # [batch, groups, blocks, dim, window + block]
    values = _windows(v, window, blocks, block).transpose(-1, -2)
    near = _masked(rows @ keys, _window_mask(blocks, block, window, q.device))
    parts = [(near, values)]
    if sinks:
        sink_rows = _fold(sink_q * scale, k.shape[1], blocks, block)
        sink_keys, sink_values = k[:, :, None, :sinks], v[:, :, None, :sinks]
        mask = _sink_mask(blocks, block, window, sink_keys.shape[3], q.device)
        parts.append((_masked(sink_rows @ sink_keys.transpose(-1, -2), mask), sink_values))
    out, lse = _softmax_of(parts)
    return _unfold(out, q), _unfold(lse, q)[..., 0]


def _softmax_of(parts):
    """One softmax over several (scores, values); with the log of its denominator."""
    top = torch.stack([scores.detach().amax(-1, keepdim=True) for scores, _ in parts]).amax(0)
    weights = [torch.exp(scores - top) for scores, _ in parts]
    total = sum(weight.sum(-1, keepdim=True) for weight in weights)
    out = sum((weight.to(values.dtype) @ values).float() for weight, (_, values) in zip(weights, parts))
    return out / total, top + total.log()


def _fold(q, groups, blocks, block):
    """[batch, heads, tokens, dim] -> [batch, groups, blocks, heads / groups * block, dim]"""
    batch, heads, length, dim = q.shape
    q = F.pad(q, (0, 0, 0, blocks * block - length))
    q = q.view(batch, groups, heads // groups, blocks, block, dim)
    return q.transpose(2, 3).reshape(batch, groups, blocks, -1, dim)


def _unfold(x, like):
    """Undoes `_fold` for a tensor of any last dimension."""
    batch, heads, length, _ = like.shape
    groups, blocks, rows, dim = x.shape[1:]
    x = x.view(batch, groups, blocks, heads // groups, -1, dim).transpose(2, 3)
    return x.reshape(batch, heads, -1, dim)[:, :, :length]


def _windows(x, window, blocks, block):
    """[batch, groups, tokens, dim] -> [batch, groups, blocks, dim, window + block]"""
    x = F.pad(x, (0, 0, window, blocks * block - x.shape[2]))
    return x.unfold(2, window + block, block)


def _window_mask(blocks, block, window, device):
    """[blocks, block, window + block]: which key a query does not see."""
    row = torch.arange(block, device=device)[:, None]
    column = torch.arange(window + block, device=device)[None]
    near = (column > row) & (column <= row + window)
    first = torch.arange(blocks, device=device)[:, None, None] * block - window
    return ~(near & (first + column >= 0))


def _sink_mask(blocks, block, window, sinks, device):
    """[blocks, block, sinks]: a sink inside the window is not seen a second time."""
    position = torch.arange(blocks * block, device=device).view(blocks, block, 1)
    return torch.arange(sinks, device=device) > position - window


def _masked(scores, mask):
    """Scores in fp32, with -inf's finite stand-in where the mask holds."""
    batch, groups, blocks, rows, columns = scores.shape
    scores = scores.float().view(batch, groups, blocks, -1, mask.shape[1], columns)
    return scores.masked_fill(mask[:, None], -1e30).view(batch, groups, blocks, rows, columns)


def features(x, weight, bias):
    """phi(x) = [softmax(x A + c), softmax(-(x A + c))]: positive, and bounded whatever x is.

    x [batch, heads, tokens, dim], weight [heads, dim, map], bias [heads, map]
    -> [batch, heads, tokens, 2 * map]
    """
    y = (x @ weight.to(x.dtype)).float() + bias[:, None]
    return torch.cat([y.softmax(-1), (-y).softmax(-1)], -1)


def linear_partial(query, key, value, slope, chunk):
    """Causal linear attention with decay e^-slope: numerator and denominator, unnormalized.

    query [batch, heads, tokens, features]; key [batch, states, tokens, features],
    value [batch, states, tokens, dim], slope [states]; states divides heads.
    The diagonal counts: a query sees the key of its own row with weight 1.

    Within a chunk by products, between chunks through a state in fp32. States come from one
    product with a matrix of decays instead of a loop. All exponents are <= 0.
    """
    like, states, dtype = query, key.shape[1], value.dtype
    chunks, share = -(-query.shape[2] // chunk), query.shape[1] // states
    query = _fold(query, states, chunks, chunk)  # [batch, states, chunks, share * chunk, features]
    key, value = _chunked(key, chunks, chunk), _chunked(value, chunks, chunk)
    step = torch.arange(chunk, device=query.device, dtype=torch.float32)
    rate = slope.float()[:, None]
    inside = _decays(step[:, None] - step, slope)[:, None].repeat(1, 1, share, 1)
    weights = ((query @ key.transpose(-1, -2)).float() * inside).to(dtype)
    late_key = key * torch.exp(-rate * (chunk - 1 - step))[:, None, :, None].to(dtype)
    state = _carried((late_key.transpose(-1, -2) @ value).float(), slope, chunk)
    sums = _carried(late_key.float().sum(-2, keepdim=True), slope, chunk)
    late_query = query * torch.exp(-rate * (step + 1))[:, None, :, None].repeat(1, 1, share, 1).to(dtype)
    numerator = (weights @ value).float() + (late_query @ state.to(dtype)).float()
    denominator = weights.float().sum(-1, keepdim=True) + (late_query.float() * sums).sum(-1, keepdim=True)
    return _unfold(numerator, like), _unfold(denominator, like)[..., 0]


def _chunked(x, chunks, chunk):
    x = F.pad(x, (0, 0, 0, chunks * chunk - x.shape[2]))
    return x.view(*x.shape[:2], chunks, chunk, x.shape[3])


def _decays(distance, slope):
    """e^{-slope distance} [heads, *distance.shape], 0 for negative distances."""
    exponent = -slope.float()[:, None, None] * distance.clamp(min=0)
    return torch.exp(exponent) * (distance >= 0)


def _carried(added, slope, chunk):
    """What each chunk [batch, heads, chunks, m, n] finds: the decayed sum of those before it."""
    index = torch.arange(added.shape[2], device=added.device, dtype=torch.float32)
    between = _decays((index[:, None] - index - 1) * chunk, slope)
    flat = added.flatten(3)
    return (between @ flat).view_as(added)


def merge(out, lse, numerator, denominator, log_gain):
    """Weighs the exact part against the linear one by the logs of their denominators."""
    floor = denominator.clamp(min=SMALLEST)
    share = torch.sigmoid(log_gain + floor.log() - lse)
    share = torch.where(denominator > 0, share, torch.zeros_like(share))[..., None]
    return torch.lerp(out, numerator / floor[..., None], share)
