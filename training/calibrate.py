"""Starts the linear branches from the teacher's attention, in closed form.

Decay: the attention paid to tokens out of sight is fitted, by likelihood, with a geometric
distribution of distance, cut off where the text begins.
Key gain: with q = Q + dq, where Q is the head's mean query, q.k = Q.k + dq.k. The first part
says how much a key counts whatever is asked, so the key's gain starts as Q.k / sqrt(dim), with Q
turned by the rotary embedding as it is on average at the distances out of sight: what turns fast cancels out.
Query gain: a ridge regression on q of the log of the weight that softmax gives to those tokens.
"""

import argparse
import csv
import json
import math
from pathlib import Path

import torch

import mixing
from data import Mixture
from lightning import Conversion
from model import Model
from runs import Checkpoint, learned

HALF_LIVES = torch.exp2(torch.arange(3, 13.01, 0.25))  # 8 to 8,192 tokens
ROWS = 256  # queries whose scores are held at once


def first_seeing(conversion):
    """The first position at which a token that is no sink has joined the linear part."""
    return -(-(conversion.window + conversion.sinks) // conversion.step) * conversion.step


def far_attention(attention, q, k, tables):
    """Of each query from the first that sees one on, to what the linear branch stands for:

    log weight, share of all attention, and mean lag (0 is the token that just left the window),
    each [batch, heads, queries].
    """
    c, length = attention.conversion, q.shape[2]
    near = mixing.rotate(q, tables.near) / math.sqrt(q.shape[-1])
    keys = mixing.rotate(k, tables.near).repeat_interleave(q.shape[1] // k.shape[1], 1)
    position = torch.arange(length, device=q.device)
    parts = []
    for start in range(first_seeing(c), length, ROWS):
        row = position[start:start + ROWS, None]
        scores = (near[:, :, start:start + ROWS] @ keys.transpose(-1, -2)).float()
        scores = scores.masked_fill(position > row, -torch.inf)
        far = (position <= mixing.border(row, c.window, c.step)) & (position >= c.sinks)
        weight = scores.masked_fill(~far, -torch.inf)
        log_weight = weight.logsumexp(-1)
        lag = (torch.exp(weight - log_weight[..., None]) * (row - c.window - position).clamp(min=0)).sum(-1)
        parts.append((log_weight, torch.exp(log_weight - scores.logsumexp(-1)), lag))
    return [torch.cat(column, -1) for column in zip(*parts)]


def best_half_life(share, lag):
    """The most likely half-life [heads], queries weighted by how much they look far."""
    rate = (math.log(2) / HALF_LIVES).to(lag.device)[:, None, None, None].double()
    candidates = torch.arange(1, lag.shape[-1] + 1, device=lag.device).double()
    normalizer = torch.log(-torch.expm1(-rate * candidates)) - torch.log(-torch.expm1(-rate))
    likelihood = (share * (-rate * lag - normalizer)).sum((1, 3))  # [half-lives, heads]
    return HALF_LIVES[likelihood.argmax(0).cpu()]


def center(branch, attention, q, k, length):
    """Sets the key's gain, and the maps' biases so that they see differences from the mean."""
    c, shape = attention.conversion, attention.shape
    states, per_group = c.state_heads, c.state_heads // shape.groups
    mean_q = q[:, :, c.sinks:].float().mean((0, 2))  # the first tokens are like no others
    mean_k = k[:, :, c.sinks:].float().mean((0, 2)).repeat_interleave(per_group, 0)
    distances = torch.arange(c.window, length, device=q.device)
    turn = [part.mean(0) for part in mixing.rotation(distances, shape.head_dim, shape.theta)]
    usual = mean_q.unflatten(0, (states, -1)).mean(1)
    branch.key_gain.data.copy_(mixing.rotate(usual, turn) / math.sqrt(shape.head_dim))
    branch.key_gain_bias.data.copy_(-(branch.key_gain * mean_k).sum(-1))
    branch.key_map_bias.data.copy_(-torch.einsum("hd,hdm->hm", mean_k, branch.key_map))
    branch.query_map_bias.data.copy_(-torch.einsum("hd,hdm->hm", mean_q, branch.query_map))


def fit_query_gain(branch, attention, q, k, v, log_weight, share, ridge=1e-2):
    """Makes the branch's whole weight softmax's, as far as the query tells."""
    c = attention.conversion
    _, denominator, _ = branch(q, k, v, c)
    first = first_seeing(c)
    target = log_weight - denominator[:, :, first - c.first:].clamp(min=mixing.SMALLEST).log()
    inputs = q[:, :, first:].float()
    for head in range(q.shape[1]):
        weight = share[:, head].flatten() + 1e-2
        solution = _ridge(inputs[:, head].flatten(0, 1), target[:, head].flatten(), weight, ridge)
        branch.query_gain.data[head], branch.query_gain_bias.data[head] = solution[:-1], solution[-1]


def _ridge(x, y, weight, ridge):
    """Coefficients and, last and not penalized, the constant."""
    x = torch.cat([x, torch.ones_like(x[:, :1])], 1).double()
    weight = weight.double() / weight.sum()
    gram = x.T @ (x * weight[:, None])
    penalty = ridge * gram.diagonal()[:-1].mean() * torch.eye(len(gram), device=x.device, dtype=x.dtype)
    penalty[-1, -1] = 0
    return torch.linalg.solve(gram + penalty, x.T @ (weight * y.double())).float()


@torch.no_grad()
def calibrate(model, ids):
    """Goes through the layers with the teacher's hidden states; gives a table of what it found."""
    x, tables = model.embed_tokens(ids).float(), model.tables(ids.shape[1], ids.device)
    table = []
    for index, block in enumerate(model.layers):
        attention, normed = block.self_attn, block.input_layernorm(x)
        q, k, v = attention.project(normed)
        if attention.lightning is not None:
            table += _calibrate_layer(index, attention, q, k, v, tables)
        x = x + attention.o_proj(attention.softmax(q, k, v, tables))
        x = x + block.mlp(block.post_attention_layernorm(x))
    return table


def _calibrate_layer(index, attention, q, k, v, tables):
    branch, states = attention.lightning, attention.conversion.state_heads
    per_state = q.shape[1] // states
    log_weight, share, lag = far_attention(attention, q, k, tables)
    together = lambda y: y.unflatten(1, (states, per_state)).transpose(1, 2).flatten(0, 1)
    half_lives = best_half_life(together(share), together(lag))
    branch.log_slope.data.copy_(torch.log(math.log(2) / half_lives))
    center(branch, attention, q, k, q.shape[2])
    fit_query_gain(branch, attention, q, k, v, log_weight, share)
    return [
        {"layer": index, "head": head, "far_share": share[:, head].mean().item(),
         "mean_lag": (share * lag)[:, head].sum().item() / share[:, head].sum().item(),
         "half_life": half_lives[head // per_state].item()}
        for head in range(q.shape[1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokens", required=True)
    parser.add_argument("--out", required=True, type=Path, help="the run's folder")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = json.loads(Path(arguments.config).read_text())
    settings = config["calibrate"]
    model = Model.load(arguments.model, Conversion.of(config["conversion"])).to(arguments.device)
    text = Mixture(arguments.tokens, settings["text"], settings["length"], config["seed"] + 1)
    ids = torch.stack([torch.from_numpy(text[index]) for index in range(settings["rows"])])
    table = calibrate(model, ids.to(arguments.device))
    folder = arguments.out / "calibrate"
    folder.mkdir(parents=True, exist_ok=True)
    Checkpoint(folder).save({"learned": learned(model)})
    with open(folder / "heads.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
