"""The arithmetic of a converted layer, as functions of tensors.

A converted layer looks at the past in two parts. The last tokens and a few first ones
("sinks") are seen with exact softmax attention. Everything between them is seen through
linear attention with a constant decay, whose state has a constant size. The border
between the parts moves in steps, as the terraces of LoLCATs (arXiv 2410.10254) do: it lies
`window` tokens before the last multiple of `step`, so the state changes once a step.
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


def full_attention(q, k, v, mask=None, spans=None):
    """Causal softmax attention over everything, or over what `mask` lets see.

    `spans`, of each row ranges that cover it in order, says that no token sees beyond its range: each is
    computed by itself, which leaves out what the mask would hide.
    """
    repeat = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
    if spans is None or all(len(ranges) < 2 for ranges in spans):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
    rows = []
    for row, ranges in enumerate(spans):
        parts = [[x[row:row + 1, :, a:b] for x in (q, k, v)] + [mask[row:row + 1, :, a:b, a:b]] for a, b in ranges]
        rows.append(torch.cat([F.scaled_dot_product_attention(*part[:3], attn_mask=part[3]) for part in parts], 2))
    return torch.cat(rows)


def border(position, window, step):
    """The last position that the linear part sees, or a negative one where there is none."""
    return position // step * step - window


def exact_partial(q, sink_q, k, v, window, step, sinks):
    """Softmax over the tokens after the border and the sinks before it.

    q and k are rotated to their positions, sink_q to the farthest a sink is seen from.
    Returns out [batch, heads, tokens, dim] and the log of its denominator [batch, heads, tokens].

    Blocks of queries meet the keys of their block and of the window before it, so that
    the work per token depends on the window alone.
    """
    length, block, reach = q.shape[2], min(window, 128), window + step - 2
    blocks = -(-length // block)
    scale = 1 / math.sqrt(q.shape[3])
    rows = _fold(q * scale, k.shape[1], blocks, block)
    keys = _windows(k, reach, blocks, block)  # [batch, groups, blocks, dim, reach + block]
    values = _windows(v, reach, blocks, block).transpose(-1, -2)
    near = _masked(rows @ keys, _window_mask(blocks, block, window, step, q.device))
    parts = [(near, values)]
    if sinks:
        sink_rows = _fold(sink_q * scale, k.shape[1], blocks, block)
        sink_keys, sink_values = k[:, :, None, :sinks], v[:, :, None, :sinks]
        mask = _sink_mask(blocks, block, window, step, sink_keys.shape[3], q.device)
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


def _windows(x, reach, blocks, block):
    """[batch, groups, tokens, dim] -> [batch, groups, blocks, dim, reach + block]"""
    x = F.pad(x, (0, 0, reach, blocks * block - x.shape[2]))
    return x.unfold(2, reach + block, block)


def _window_mask(blocks, block, window, step, device):
    """[blocks, block, reach + block]: which key a query does not see."""
    reach = window + step - 2
    position = torch.arange(blocks * block, device=device).view(blocks, block, 1)
    key = torch.arange(blocks, device=device)[:, None, None] * block - reach + torch.arange(reach + block, device=device)
    return ~((key > border(position, window, step)) & (key <= position) & (key >= 0))


def _sink_mask(blocks, block, window, step, sinks, device):
    """[blocks, block, sinks]: a sink after the border is not seen a second time."""
    position = torch.arange(blocks * block, device=device).view(blocks, block, 1)
    return torch.arange(sinks, device=device) > border(position, window, step)


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


def linear_partial(query, key, value, slope, step):
    """What queries see of a state that takes up `step` keys at once: numerator and denominator, unnormalized.

    query [batch, heads, tokens, features]; key [batch, states, tokens, features],
    value [batch, states, tokens, dim], slope [states]; states divides heads. Queries of a step
    see the keys of their own and all earlier ones, which have weight e^{-slope a} at age a; of
    a step's keys the last has age 0 for its first query.

    States come from one product with a matrix of decays instead of a loop. All exponents are <= 0.
    """
    like, states, dtype = query, key.shape[1], value.dtype
    steps, share = -(-query.shape[2] // step), query.shape[1] // states
    query = _fold(query, states, steps, step)  # [batch, states, steps, share * step, features]
    key, value = _chunked(key, steps, step), _chunked(value, steps, step)
    index = torch.arange(step, device=query.device, dtype=torch.float32)
    rate = slope.float()[:, None]
    aged_key = key * torch.exp(-rate * (step - 1 - index))[:, None, :, None].to(dtype)
    state = _carried((aged_key.transpose(-1, -2) @ value).float(), slope, step)
    sums = _carried(aged_key.float().sum(-2, keepdim=True), slope, step)
    aged_query = query * torch.exp(-rate * index)[:, None, :, None].repeat(1, 1, share, 1).to(dtype)
    numerator = (aged_query @ state.to(dtype)).float()
    denominator = (aged_query.float() * sums).sum(-1, keepdim=True)
    return _unfold(numerator, like), _unfold(denominator, like)[..., 0]


def _chunked(x, chunks, chunk):
    x = F.pad(x, (0, 0, 0, chunks * chunk - x.shape[2]))
    return x.view(*x.shape[:2], chunks, chunk, x.shape[3])


def _decays(distance, slope):
    """e^{-slope distance} [heads, *distance.shape], 0 for negative distances."""
    exponent = -slope.float()[:, None, None] * distance.clamp(min=0)
    return torch.exp(exponent) * (distance >= 0)


def _carried(added, slope, step):
    """The state after each step [batch, heads, steps, m, n]: the decayed sum of all until then."""
    index = torch.arange(added.shape[2], device=added.device, dtype=torch.float32)
    between = _decays((index[:, None] - index) * step, slope)
    flat = added.flatten(3)
    return (between @ flat).view_as(added)


def merge(out, lse, numerator, denominator, log_gain):
    """Weighs the exact part against the linear one by the logs of their denominators."""
    floor = denominator.clamp(min=SMALLEST)
    share = torch.sigmoid(log_gain + floor.log() - lse)
    share = torch.where(denominator > 0, share, torch.zeros_like(share))[..., None]
    return torch.lerp(out, numerator / floor[..., None], share)


# A document and branches of it: each branch follows the document and sees nothing of the others.
# Branches are padded to one length: q [branches, heads, length, dim], k and v [branches, groups, length, dim].


def branches_softmax(q, k, v, document_k, document_v, scale):
    """Softmax over all of the document and a branch's own earlier tokens. Returns out like q."""
    groups, length = k.shape[1], q.shape[2]
    rows = (q * scale).unflatten(1, (groups, -1))  # [branches, groups, share, length, dim]
    old = torch.einsum("bgsld,gnd->bgsln", rows, document_k[0])
    own = _own(rows, k, length)
    weights = torch.cat([old, own], -1).float().softmax(-1).to(v.dtype)
    count = document_k.shape[2]
    out = torch.einsum("bgsln,gnd->bgsld", weights[..., :count], document_v[0])
    out = out + torch.einsum("bgslm,bgmd->bgsld", weights[..., count:], v)
    return out.flatten(1, 2)


def branches_exact(q, sink_q, k, v, document_k, document_v, window, step, sinks):
    """`exact_partial` for branches: out like q in fp32, and the log of its denominator [branches, heads, length]."""
    groups, length, count = k.shape[1], q.shape[2], document_k.shape[2]
    scale = 1 / math.sqrt(q.shape[3])
    position = count + torch.arange(length, device=q.device)
    last = border(position, window, step)[:, None]  # of each query, what the linear part sees
    first = max(int(border(count, window, step)) + 1, 0)  # nobody sees exactly what stands before it, but sinks
    rows, sink_rows = ((x * scale).unflatten(1, (groups, -1)) for x in (q, sink_q))
    tail = torch.arange(first, count, device=q.device)
    parts = [
        (torch.einsum("bgsld,gnd->bgsln", rows, document_k[0, :, first:]).masked_fill(tail <= last, -1e30), document_v[0, :, first:]),
        (_own(rows, k, length), v)]
    if sinks:
        index = torch.arange(min(sinks, count), device=q.device)
        scores = torch.einsum("bgsld,gnd->bgsln", sink_rows, document_k[0, :, :sinks])
        parts.append((scores.masked_fill(index > last, -1e30), document_v[0, :, :sinks]))
    top = torch.stack([scores.detach().float().amax(-1, keepdim=True) for scores, _ in parts]).amax(0)
    weights = [torch.exp(scores.float() - top) for scores, _ in parts]
    total = sum(weight.sum(-1, keepdim=True) for weight in weights)
    names = ["bgsln,gnd->bgsld" if values.ndim == 3 else "bgsln,bgnd->bgsld" for _, values in parts]
    out = sum(torch.einsum(name, weight.to(values.dtype), values).float() for name, weight, (_, values) in zip(names, weights, parts))
    return (out / total).flatten(1, 2), (top + total.log())[..., 0].flatten(1, 2)


def _own(rows, k, length):
    """Scores of a branch's tokens against its own, each seeing those up to itself."""
    hidden = torch.ones(length, length, dtype=torch.bool, device=k.device).triu(1)
    return torch.einsum("bgsld,bgmd->bgslm", rows, k).masked_fill(hidden, -1e30)


def branches_linear(query, key, value, slope, count, window, step, sinks):
    """What branches see of the document's linear part: numerator and denominator, unnormalized.

    query [branches, heads, length, features]; key [1, states, tokens, features], value [1, states, tokens, dim]:
    the document's, from its first token on. `count` is where the branches begin.
    """
    length, states = query.shape[2], key.shape[1]
    position = count + torch.arange(length, device=query.device)
    query = query.unflatten(1, (states, -1))
    numerators, denominators = [], []
    for begin in sorted({int(x) // step * step for x in position}):
        chosen = (position // step * step) == begin
        joined = max(begin - window + 1, 0)
        if joined <= sinks:
            shape = query[:, :, :, chosen].shape
            numerators.append(query.new_zeros(*shape[:-1], value.shape[3]).float())
            denominators.append(query.new_zeros(shape[:-1]).float())
            continue
        joined = min(joined, key.shape[2])
        age = begin - window - torch.arange(sinks, joined, device=query.device, dtype=torch.float32)
        aged = key[0, :, sinks:joined].float() * torch.exp(-slope.float()[:, None] * age)[..., None]
        late = torch.exp(-slope.float()[:, None] * (position[chosen] - begin).float())[:, None, :, None]
        asked = query[:, :, :, chosen].float() * late
        numerators.append(torch.einsum("bcslf,cfd->bcsld", asked, aged.transpose(1, 2) @ value[0, :, sinks:joined].float()))
        denominators.append(torch.einsum("bcslf,cf->bcsl", asked, aged.sum(1)))
    return torch.cat(numerators, 3).flatten(1, 2), torch.cat(denominators, 3).flatten(1, 2)
