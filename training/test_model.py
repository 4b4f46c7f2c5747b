"""Checks of the model against plain token-by-token arithmetic. Runs with pytest or python."""

import dataclasses
import math

import torch

import losses
import mixing
from lightning import Conversion
from model import Model, Shape

SHAPE = Shape(hidden=48, layers=3, heads=6, groups=2, head_dim=8, intermediate=64, vocabulary=97, eps=1e-5, theta=1000.0)
CONVERSION = Conversion(window=7, sinks=2, map_dim=4, state_heads=6, keep=(1,), step=5)


def tiny(conversion=CONVERSION, seed=0):
    torch.manual_seed(seed)
    model = Model(SHAPE, conversion)
    for name, parameter in model.named_parameters():
        if "_map" in name or "_gain" in name:
            parameter.data = torch.randn_like(parameter) * 0.7
        if name.endswith("log_slope"):
            parameter.data = torch.log(torch.rand_like(parameter) * 0.3 + 0.01)
        if "_proj" in name:
            parameter.data = torch.randn_like(parameter) / math.sqrt(parameter.shape[1]) * 1.5
    return model.requires_grad_(False)


def ids(length, batch=2, seed=1):
    return torch.randint(0, SHAPE.vocabulary, (batch, length), generator=torch.Generator().manual_seed(seed))


def engine_head(q, k, v, conversion, theta, branch, head, state_head):
    """One head, token by token, as an engine would decode: [tokens, dim] each, in double.

    Memory: the last keys and values, the sinks', a state S and its column of sums z.
    """
    q, k, v = q.double(), k.double(), v.double()
    part = {name: value.double() for name, value in branch.named_parameters()}
    window, sinks, dim, slope = conversion.window, conversion.sinks, q.shape[1], part["log_slope"][state_head].exp().item()
    size = 2 * conversion.map_dim
    state, sums = torch.zeros(size, dim).double(), torch.zeros(size).double()
    out, joined = [], -1
    for t in range(q.shape[0]):
        border = t // conversion.step * conversion.step - window
        while joined < border:
            joined += 1
            state, sums = state * math.exp(-slope), sums * math.exp(-slope)
            if joined >= sinks:
                gain = part["key_gain"][state_head] @ k[joined] + part["key_gain_bias"][state_head]
                key = phi(k[joined], part["key_map"][state_head], part["key_map_bias"][state_head]) * gain.clamp(-8, 8).exp()
                state, sums = state + key[:, None] * v[joined], sums + key
        age = math.exp(-slope * (t % conversion.step))
        seen = [(s, t) for s in range(max(0, border + 1), t + 1)]
        seen += [(s, min(t, sinks + window - 1)) for s in range(sinks) if s <= border]
        scores = torch.stack([turned(q[t], at, theta) @ turned(k[s], s, theta) / math.sqrt(dim) for s, at in seen])
        top = scores.max()
        weights = torch.exp(scores - top)
        gain = part["query_gain"][head] @ q[t] + part["query_gain_bias"][head]
        query = phi(q[t], part["query_map"][head], part["query_map_bias"][head]) * torch.exp(gain - top) * age
        upper = sum(weight * v[s] for weight, (s, _) in zip(weights, seen)) + query @ state
        out.append(upper / (weights.sum() + query @ sums))
    return torch.stack(out)


def phi(x, weight, bias):
    y = x @ weight + bias
    return torch.cat([y.softmax(-1), (-y).softmax(-1)])


def turned(x, position, theta):
    half = x.shape[0] // 2
    angle = position * theta ** (-torch.arange(half).double() / half)
    low, high = x[:half], x[half:]
    return torch.cat([low * angle.cos() - high * angle.sin(), high * angle.cos() + low * angle.sin()])


def check_attention(conversion, length, dtype, tolerance):
    attention = tiny(conversion).layers[0].self_attn
    x = torch.randn(1, length, SHAPE.hidden, generator=torch.Generator().manual_seed(3))
    model = tiny(conversion)
    q, k, v = (part.to(dtype) for part in attention.project(x))
    tables = model.tables(length, x.device)
    mixed = attention.hybrid(q, k, v, attention.exact(q, k, v, tables)).view(length, SHAPE.heads, -1)
    share, per_state = SHAPE.heads // SHAPE.groups, SHAPE.heads // conversion.state_heads
    for head in range(SHAPE.heads):
        expected = engine_head(
            q[0, head], k[0, head // share], v[0, head // share], conversion, SHAPE.theta, attention.lightning, head, head // per_state)
        assert (mixed[:, head].double() - expected).abs().max() < tolerance


def test_matches_token_by_token_reference():
    for changes in ({}, {"sinks": 0}, {"step": 64}, {"step": 1}, {"window": 1}, {"state_heads": 2}, {"window": 130, "step": 32}):
        conversion = dataclasses.replace(CONVERSION, **changes)
        for length in (3, conversion.window + 1, conversion.window + 29):
            check_attention(conversion, length, torch.float32, 2e-5)


def test_bf16_stays_close_to_reference():
    check_attention(CONVERSION, 40, torch.bfloat16, 6e-2)


def test_far_gains_stay_finite():
    model = tiny()
    for gain in (-1e4, 1e4):
        model.layers[0].self_attn.lightning.query_gain_bias.data.fill_(gain)
        assert model(ids(40)).isfinite().all()


def test_window_that_covers_everything_is_softmax():
    wide = tiny(dataclasses.replace(CONVERSION, window=64))
    teacher = Model(SHAPE)
    teacher.load_state_dict(wide.state_dict(), strict=False)
    assert (wide(ids(40)) - teacher(ids(40))).abs().max() < 1e-4


def test_without_branch_sees_window_and_sinks_only():
    model = tiny(dataclasses.replace(CONVERSION, keep=()))
    other = ids(60)
    changed = other.clone()
    changed[:, 10:20] = 5
    with model.without_branch():
        same = (model(other)[:, -1] - model(changed)[:, -1]).abs().max()
    assert same < 1e-6  # three layers of 7 tokens reach back 18
    assert (model(other)[:, -1] - model(changed)[:, -1]).abs().max() > 1e-4


def test_model_is_causal():
    model = tiny()
    first, second = ids(50), ids(50)
    second[:, 30:] = 3
    assert (model(first)[:, :30] - model(second)[:, :30]).abs().max() < 1e-5


def test_low_rank_starts_as_nothing():
    model = tiny()
    before = model(ids(30))
    model.add_low_rank(2, 1.0)
    assert torch.equal(before, model(ids(30)))


def test_low_rank_is_one_product_with_the_gradients_of_three():
    """Also after its factors have moved: the product that was merged is made anew."""
    layer, x = tiny().layers[0].self_attn.q_proj, torch.randn(2, 5, SHAPE.hidden, requires_grad=True)
    layer.add_low_rank(3, 0.7)
    for _ in range(2):
        with torch.no_grad():
            layer.lora_b.add_(torch.randn_like(layer.lora_b))
        plain = x @ layer.weight.t() + 0.7 * (x @ layer.lora_a.t()) @ layer.lora_b.t()
        wanted = torch.autograd.grad(plain.square().sum(), [x, layer.lora_a, layer.lora_b])
        given = torch.autograd.grad(layer(x).square().sum(), [x, layer.lora_a, layer.lora_b])
        assert torch.allclose(layer(x), plain, atol=1e-5)
        assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-4) for a, b in zip(given, wanted))
    with torch.no_grad():
        layer.scale = 0.0
        assert torch.allclose(layer(x), x @ layer.weight.t(), atol=1e-6), "the base model, whatever was merged"


def test_spans_leave_out_what_the_mask_hides():
    q, k, v = (torch.randn(2, heads, 11, 8) for heads in (6, 2, 2))
    spans = [[(0, 4), (4, 11)], [(0, 11)]]
    mask = torch.zeros(2, 1, 11, 11, dtype=torch.bool)
    for row, ranges in enumerate(spans):
        for start, end in ranges:
            mask[row, 0, start:end, start:end] = torch.ones(end - start, end - start).tril()
    assert torch.allclose(mixing.full_attention(q, k, v, mask, spans), mixing.full_attention(q, k, v, mask), atol=1e-6)


def test_recomputing_changes_no_gradient():
    gradients = []
    for recompute in (False, True):
        model = tiny()
        model.recompute = recompute
        parameter = model.layers[0].self_attn.lightning.query_map.requires_grad_()
        model(ids(30)).square().mean().backward()
        gradients.append(parameter.grad)
    assert torch.allclose(*gradients, atol=1e-7)


def test_head_loss_is_kl_and_cross_entropy():
    torch.manual_seed(0)
    hidden, teacher, head = torch.randn(11, 8, requires_grad=True), torch.randn(11, 8), torch.randn(31, 8)
    targets, weights = torch.randint(0, 31, (11,)), torch.rand(11) * (torch.arange(11) != 4)
    loss = losses.head_loss(hidden, head, weights, teacher, targets, kl=0.7, ce=0.4, slice_rows=3)
    (gradient,) = torch.autograd.grad(loss, hidden)
    log_p, log_t = (hidden @ head.T).log_softmax(-1), (teacher @ head.T).log_softmax(-1)
    rows = 0.7 * (log_t.exp() * (log_t - log_p)).sum(-1) - 0.4 * log_p[torch.arange(11), targets]
    plain = (rows * weights).sum() / weights.sum()
    assert torch.allclose(loss, plain, atol=1e-5)
    assert torch.allclose(gradient, torch.autograd.grad(plain, hidden)[0], atol=1e-6)


def test_transfer_reaches_every_branch_and_nothing_else():
    model = tiny()
    for _, block in model.converted():
        block.self_attn.lightning.requires_grad_(True)
    errors = losses.transfer_losses(model, ids(40), backward=lambda loss: loss.backward())
    assert sorted(errors) == [0, 2]
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None and parameter.grad.abs().sum() > 0) == (".lightning." in name), name


def test_teacher_is_transformers_llama():
    try:
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        return
    config = LlamaConfig(
        hidden_size=48, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, intermediate_size=64, vocab_size=97,
        rms_norm_eps=1e-5, rope_theta=1000.0, tie_word_embeddings=True, attn_implementation="eager")
    torch.manual_seed(0)
    theirs = LlamaForCausalLM(config).eval()
    ours = Model(SHAPE)
    ours.load_state_dict({name.removeprefix("model."): value for name, value in theirs.state_dict().items() if name != "lm_head.weight"})
    with torch.no_grad():
        assert (theirs(ids(40)).logits - ours(ids(40)) @ ours.head.T).abs().max() < 1e-5


def forked_row(document, branches):
    """(ids of a row, tables' arguments) of a document and branches padded with zeros."""
    length = max(map(len, branches))
    padded = [branch + [0] * (length - len(branch)) for branch in branches]
    return torch.tensor([document + sum(padded, [])]), (len(document), len(branches), length)


def test_branches_are_read_as_if_each_alone_followed_the_document():
    conversion = Conversion(window=12, sinks=2, map_dim=4, state_heads=6, keep=(1,), step=5)
    for seed, count in enumerate((1, 3, 11, 12, 13, 29, 44)):
        model = tiny(conversion, seed)
        document = ids(count, 1, seed)[0].tolist()
        branches = [ids(length, 1, 10 * seed + length)[0].tolist() for length in (7, 3, 6)]
        row, fork = forked_row(document, branches)
        hidden = model(row, model.forked(*fork))[0]
        for index, branch in enumerate(branches):
            alone = model(torch.tensor([document + branch]))[0]
            assert torch.allclose(hidden[:count], alone[:count], atol=1e-4)
            begin = count + index * fork[2]
            found, wanted = hidden[begin:begin + len(branch)], alone[count:]
            assert torch.allclose(found, wanted, atol=1e-4), (count, index, (found - wanted).abs().max())


def test_branches_teach_the_document_too():
    model = tiny(Conversion(window=12, sinks=2, map_dim=4, state_heads=6, keep=(1,), step=5))
    model.add_low_rank(2, 1.0)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".lora_" in name)
        if name.endswith("lora_b"):
            parameter.data.normal_(std=0.1)
    document, branch = ids(40, 1)[0].tolist(), ids(6, 1, 5)[0].tolist()

    def gradients(row, tables, place):
        model.zero_grad()
        model(row, tables)[0, place].square().sum().backward()
        return [p.grad.clone() for p in model.trainable().values()]

    row, fork = forked_row(document, [branch])
    found = gradients(row, model.forked(*fork), 45)
    wanted = gradients(torch.tensor([document + branch]), None, 45)
    for a, b in zip(found, wanted):
        assert torch.allclose(a, b, atol=1e-3 * b.abs().max().item() + 1e-5)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)
