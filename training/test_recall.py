"""Quick checks of recall.py. Runs with pytest or python."""

import json
import sys
import tempfile
from pathlib import Path

import torch

from recall_documents import check_document, digest, questions_file
from recall_model import Model, Shape, Softmax, branched, causal
from recall_rows import Rows
from recall_words import FIRST, PURPOSE, SECOND, SYSTEM, VOCABULARY, encode, is_held_out, question
from recall import Stage, Trainer, check, export, read

REPOSITORY = Path(__file__).resolve().parent.parent
FIXTURE = REPOSITORY / "Tests" / "Fixtures" / "recall"
torch.set_num_threads(1)


def small(seed=0):
    torch.manual_seed(seed)
    return Model(Shape(hidden=32, heads=4, groups=2, head_dim=8, rotary=4, inner=16)).requires_grad_(False)


def document_ids(tokens=200, pairs=3):
    text, facts = check_document(5, tokens, pairs)
    return VOCABULARY.opening() + encode(text), facts


def logits_of(model, ids):
    hidden, _ = model(torch.tensor(ids)[None, None], torch.arange(len(ids))[None, None], causal(len(ids)))
    return model.logits(hidden)[0, 0]


def test_is_the_published_architecture():
    sys.path.insert(0, str(REPOSITORY / "Tests" / "Tools"))
    from minimax_reference import MiniMax

    with tempfile.TemporaryDirectory() as folder:
        export(small(), Path(folder))
        ids = document_ids(60)[0]
        difference = (MiniMax(folder)(ids) - logits_of(Model.load(folder), ids)).abs().max()
    assert difference < 1e-4, difference


def test_blocks_and_branches_are_one_pass():
    model = small()
    ids, facts = document_ids()
    ask = [question(VOCABULARY[a], VOCABULARY[" " + b]) for a, b in (k.split() for k, _ in facts)]
    memory, count = read(model, ids, size=70)
    at = (count + torch.arange(len(ask[0]))).expand(1, len(ask), -1)
    mask = branched(len(ask), len(ask[0]), torch.zeros(1, count))
    hidden, _ = model(torch.tensor(ask)[None], at, mask, memory)
    for branch, own in enumerate(ask):
        whole = logits_of(model, ids + own)[count:]
        assert torch.allclose(model.logits(hidden[0, branch]), whole, atol=1e-4)


def test_a_weight_counts_like_copies():
    torch.manual_seed(0)
    layer = Softmax(Shape(hidden=32, heads=4, groups=2, head_dim=8, rotary=0)).requires_grad_(False)
    x = torch.randn(1, 1, 3, 32)
    tripled = x[:, :, [0, 0, 0, 1, 2]]
    bias = torch.tensor([[3.0, 1.0, 1.0]]).log()
    weighted, _ = layer(x, torch.zeros(1, 1, 3), causal(3, bias), None)
    copied, _ = layer(tripled, torch.zeros(1, 1, 5), causal(5), None)
    assert torch.allclose(weighted[0, 0, 1:], copied[0, 0, 3:], atol=1e-5)


def test_rows_keep_some_keys_for_the_check():
    rows = Rows()
    rows.seed(1, 2)
    ids, positions, bias, branches, asked_at = rows.batch(4, 12, 5, 6, 4096)
    assert (positions.diff() > 0).all() and (asked_at[:, :, 0] > positions[:, :, -1]).all()
    assert asked_at.max() < 4200 and bias.max() > 0
    first, second = VOCABULARY.table(FIRST).tolist(), VOCABULARY.table(SECOND, " ").tolist()
    for row, asked in zip(ids[:, 0].tolist(), branches.tolist()):
        for branch in asked:
            assert not is_held_out(first.index(branch[2]), second.index(branch[3]))
            line = branch[2:4] + [VOCABULARY[": "], branch[6], VOCABULARY["."]]
            assert any(row[at : at + 5] == line for at in range(len(row)))
    _, facts = document_ids(400, 20)
    for first_word, second_word in (key.split() for key, _ in facts):
        assert is_held_out(FIRST.index(first_word), SECOND.index(second_word))


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped():
    shape = Shape(hidden=32, heads=4, groups=2, head_dim=8, rotary=4, inner=16)
    weights = []
    for parts in ((4,), (2, 2)):
        with tempfile.TemporaryDirectory() as folder:
            for steps in parts:
                trainer = Trainer(folder, shape=shape)
                for _ in range(steps):
                    trainer.one_step(Stage(2, (2, 3), (1, 2), 2, 100, 1e-3, 10))
                trainer.save()
            weights.append(torch.cat([p.flatten() for p in trainer.model.parameters()]))
    assert torch.equal(*weights)


def test_the_tokenizer_file_splits_as_training_does():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(json.dumps(VOCABULARY.file()))
    text, facts = check_document(5, 300, 9)
    assert tokenizer.encode(text).ids == encode(text)
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    first, second = facts[0][0].split()
    pieces = ["\n\n", f"Question: What is {first} {second}?\nAnswer in a few words.", "\n\n"]
    asked = [number for piece in pieces for number in tokenizer.encode(piece).ids]
    assert asked == question(VOCABULARY[first], VOCABULARY[" " + second])
    opening = [SYSTEM, "\n\n", PURPOSE + "\n\nDocument:\n"]
    assert [n for piece in opening for n in tokenizer.encode(piece).ids] == VOCABULARY.opening()
    assert digest("") == "cbf29ce484222325" and digest("a") == "af63dc4c8601ec8c"


def test_the_fixture_recalls():
    if not (FIXTURE / "model.safetensors").exists():
        return
    assert json.loads((FIXTURE / "questions.json").read_text()) == questions_file()
    assert json.loads((FIXTURE / "tokenizer.json").read_text()) == VOCABULARY.file()
    figures = check(Model.load(FIXTURE), 1024)
    assert figures["right"] >= 48 and figures["right_with_empty_state"] <= 5, figures


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)
