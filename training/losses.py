"""The losses, computed so that no full matrix of logits ever exists."""

import torch
import torch.nn.functional as F


class HeadLoss(torch.autograd.Function):
    """Weighted mean over rows of kl * KL(teacher || student) + ce * cross entropy.

    49,152 logits a token would be most of the memory, so rows are done in slices and the
    gradient with respect to the hidden states is made on the way. The head itself is frozen.
    """

    @staticmethod
    def forward(ctx, hidden, head, weights, teacher, targets, kl, ce, slice_rows):
        total = weights.sum().clamp(min=1e-9)
        gradient, loss = torch.empty_like(hidden), hidden.new_zeros((), dtype=torch.float32)
        for start in range(0, hidden.shape[0], slice_rows):
            rows = slice(start, start + slice_rows)
            part = [None if x is None else x[rows] for x in (teacher, targets)]
            value, by_logit = _slice_loss(hidden[rows], head, *part, kl, ce)
            share = weights[rows] / total
            loss += (value * share).sum()
            gradient[rows] = ((by_logit * share[:, None]).to(head.dtype) @ head).to(gradient.dtype)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx, outer):
        (gradient,) = ctx.saved_tensors
        return gradient * outer, *[None] * 7


def _slice_loss(hidden, head, teacher, targets, kl, ce):
    """Loss of each row, and its derivative by the logits."""
    log_p = F.log_softmax(F.linear(hidden.to(head.dtype), head).float(), -1)
    p = log_p.exp()
    value, by_logit = 0.0, 0.0
    if kl:
        log_t = F.log_softmax(F.linear(teacher.to(head.dtype), head).float(), -1)
        t = log_t.exp()
        value = value + kl * (t * (log_t - log_p)).sum(-1)
        by_logit = by_logit + kl * (p - t)
    if ce:
        value = value - ce * log_p.gather(1, targets[:, None])[:, 0]
        miss = p.scatter_add(1, targets[:, None], torch.full_like(targets[:, None], -1, dtype=p.dtype))
        by_logit = by_logit + ce * miss
    return value, by_logit


def head_loss(hidden, head, weights, teacher=None, targets=None, kl=0.0, ce=0.0, slice_rows=1024):
    """hidden and teacher [rows, hidden] after the last norm; rows of weight 0 are left out."""
    used = weights > 0
    pick = lambda x: None if x is None else x[used]
    with torch.autocast(hidden.device.type, enabled=False):
        return HeadLoss.apply(pick(hidden), head, weights[used], pick(teacher), pick(targets), kl, ce, slice_rows)


def transfer_losses(model, ids, backward=None):
    """Each converted layer's error against softmax attention, as a share of its output's variance.

    The teacher's hidden states feed every layer, so one pass serves all layers and none waits
    for another. `backward` is called with each layer's loss at once, so that one layer's
    graph lives at a time. Queries that see everything exactly are not counted.
    """
    losses = {}
    with torch.no_grad():
        x, tables = model.embed_tokens(ids).float(), model.tables(ids.shape[1], ids.device)
        for index, block in enumerate(model.layers):
            attention = block.self_attn
            q, k, v = attention.project(block.input_layernorm(x))
            with torch.autocast(x.device.type, enabled=False):
                y = attention.softmax(q, k, v, tables)
            target = attention.o_proj(y)
            if attention.lightning is not None:
                losses[index] = _layer_loss(attention, q, k, v, tables, target, backward)
            x = x + target
            x = x + block.mlp(block.post_attention_layernorm(x))
    return losses


def _layer_loss(attention, q, k, v, tables, target, backward):
    first = attention.conversion.first
    with torch.autocast(q.device.type, enabled=False):
        exact = attention.exact(q, k, v, tables)
        with torch.set_grad_enabled(backward is not None):
            mixed = attention.hybrid(q, k, v, exact)
    with torch.set_grad_enabled(backward is not None):
        guess, target = attention.o_proj(mixed)[:, first:].float(), target[:, first:].float()
        spread = (target - target.mean((0, 1))).square().mean()
        loss = (guess - target).square().mean() / spread
        if backward is not None:
            backward(loss)
    return loss.detach()
