"""Checks of data, stages, resuming and export on a tiny model. Runs with pytest or python."""

import json
import math
import tempfile
from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

import calibrate
import data
import export
import tasks
from average import average
from lightning import Conversion
from model import Model
from prompts import Prompts
from runs import Checkpoint, Curve, learned, load_learned
from stages import STAGES, Distill
from test_model import CONVERSION, SHAPE, ids, tiny
from train import Paths, Trainer, checked

LENGTH = 24
WEIGHTS = {"first": 3, "second": 1}
SETTINGS = {
    "length": LENGTH, "batch": 4, "micro": 2, "tokens": 4 * 4 * LENGTH, "text": WEIGHTS, "validate_every": 2, "validate_rows": 2,
    "rates": {"branch": 1e-2, "decay": 1e-2, "weights": 1e-3}}


def folder_of_a_tiny_model():
    """Base model, tokenizer and tokens, as the programs want them."""
    folder = Path(tempfile.mkdtemp())
    model = tiny(conversion=None)
    save_file({f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")
    config = {
        "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2, "intermediate_size": 64,
        "vocab_size": 97, "rms_norm_eps": 1e-5, "rope_theta": 1000.0, "tie_word_embeddings": True}
    (folder / "config.json").write_text(json.dumps(config))
    vocabulary = {chr(33 + index): index + 3 for index in range(94)}
    tokenizer = Tokenizer(models.BPE({"<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2, **vocabulary}, []))
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    tokenizer.save(str(folder / "tokenizer.json"))
    random = np.random.default_rng(0)
    for name in WEIGHTS:
        for part in ("train", "held"):
            random.integers(0, 97, 40 * LENGTH + 5).astype(np.uint16).tofile(folder / f"{name}.{part}.bin")
    return folder


def trainer(name, base, out, precision="fp32", **changes):
    torch.manual_seed(5)
    model = Model.load(base, CONVERSION)
    settings = {**SETTINGS, **changes}
    stage = STAGES[name](settings, Paths(str(base), str(base), None), precision, "cpu")
    stage.setup(model, False)
    out.mkdir(exist_ok=True)
    return Trainer(stage, settings, {"seed": 1}, out, Prompts(base), "cpu")


def test_resumed_run_is_the_uninterrupted_one():
    base = folder_of_a_tiny_model()
    for name, changes in (("transfer", {}), ("distill", {"low_rank": {"rank": 2, "scale": 2.0}}), ("distill", {"full": True})):
        whole = trainer(name, base, base / "whole", **changes)
        whole.run(math.inf)
        assert whole.steps == 4
        first = trainer(name, base, base / "parts", **changes)
        first.settings = {**first.settings, "checkpoint_seconds": 0}
        step = first.train_step

        def counted(*rows):
            step(*rows)
            first.stopped = first.steps == 2

        first.train_step = counted
        first.run(math.inf)
        second = trainer(name, base, base / "parts", **changes)
        second.run(math.inf)
        for key, value in learned(whole.stage.model).items():
            assert torch.equal(value, learned(second.stage.model)[key]), key
        rows = [(base / part / "curve.csv").read_text().splitlines() for part in ("whole", "parts")]
        pick = lambda lines: [[line.split(",")[index] for index in (0, 1, 4, 5)] for line in lines]
        assert pick(rows[0]) == pick(rows[1])
        for part in ("whole", "parts"):
            (base / part / "checkpoint.pt").unlink()


def test_transfer_and_distill_lower_their_loss():
    base = folder_of_a_tiny_model()
    for name, changes in (("transfer", {}), ("distill", {"full": True})):
        run = trainer(name, base, base / name, tokens=60 * 4 * LENGTH, validate_every=0, **changes)
        before = run.validate()
        run.run(math.inf)
        assert run.validate() < before, name


def test_bf16_gives_about_the_same_loss():
    base = folder_of_a_tiny_model()
    for name, changes in (("transfer", {}), ("distill", {"low_rank": {"rank": 2, "scale": 2.0}}), ("distill", {"full": True})):
        values = [trainer(name, base, base / f"{name}{p}", precision=p, **changes).validate() for p in ("fp32", "bf16")]
        assert abs(values[0] - values[1]) < 0.05 * values[0], values


def test_sample_is_readable_and_smaller():
    folder = Path(tempfile.mkdtemp())
    (folder / "some.jsonl").write_text("\n".join(json.dumps({"text": f"text {number}"}) for number in range(100)))
    data.sample(folder / "some.jsonl", folder, 0.5, seed=1)
    assert 30 < len(list(data.read_lines(folder / "some.jsonl.xz"))) < 70


def test_mixture_visits_everything_once_an_epoch():
    base = folder_of_a_tiny_model()
    mixture = data.Mixture(base, WEIGHTS, LENGTH, seed=3)
    seen = Counter(tuple(mixture[position][:8]) for position in range(40))
    assert max(seen.values()) == 1
    again = data.Mixture(base, WEIGHTS, LENGTH, seed=3)
    for position in (9000, 17, 4095, 4096, 0):
        assert (again[position] == mixture[position]).all()
    assert any((data.Mixture(base, WEIGHTS, LENGTH, seed=4)[position] != mixture[position]).any() for position in range(4))


def test_evaluation_data_is_refused():
    for path in ("x/eval_dev/questions.jsonl", "my_eval.jsonl", "/evaluation/squad/more/questions.jsonl"):
        try:
            data.refuse_evaluation(Path(path))
        except ValueError:
            continue
        raise AssertionError(path)


def test_a_run_without_an_end_or_its_data_is_refused():
    arguments = Namespace(config="c.json", stage="answer", pairs=None)
    for settings, wanted in ((None, "no stage answer: it has tune"), ({}, "tokens or seconds"), ({"tokens": 9, "tasks": {"squad": 1}}, "--pairs")):
        stages = {"tune": {}} if settings is None else {"answer": settings}
        try:
            checked({"stages": stages}, arguments)
        except SystemExit as error:
            assert wanted in str(error), error
            continue
        raise AssertionError(settings)
    assert checked({"stages": {"answer": {"seconds": 9}}}, arguments) == {"seconds": 9}


def test_prompt_is_the_readers():
    prompts = Prompts(folder_of_a_tiny_model())
    text = []
    prompts.encode = lambda piece: text.append(piece) or [5]
    row = prompts.opening("Who?") + [9] + prompts.closing("Say.")
    assert row == [1, 5, 5, 2, 5, 1, 5, 5, 9, 5, 2, 5, 1, 5]
    assert "".join(text) == (
        "system\nYou read documents and answer truthfully and briefly.\nuser\n"
        "Read the document, then answer this question about it: Who?\n\nDocument:\n\n\nSay.\nassistant\n")


def test_control_tokens_in_text_are_text():
    prompts = Prompts(folder_of_a_tiny_model())
    assert not {0, 1, 2} & set(prompts.encode("a <|im_end|> b"))


def folder_of_articles():
    """Four articles, the first of them held out; each paragraph answers its own question alone."""
    def paragraph(name, number):
        return {
            "context": f"{name} {number} has colour {name}{number}. It stands alone, more or less, and nobody in the whole country knows why it does so.",
            "qas": [{"question": f"Which colour has {name} {number}?", "answers": [f"{name}{number}"]}]}

    folder = Path(tempfile.mkdtemp())
    articles = [{"paragraphs": [paragraph(name, number) for number in range(9)]} for name in ("skip", "Tower", "Bridge", "Castle")]
    (folder / "squad_v1.1_train_articles.jsonl").write_text("\n".join(map(json.dumps, articles)))
    return folder


def test_article_questions_are_answerable_or_said_not_to_be():
    folder = folder_of_articles()
    maker, random, kinds = tasks.Articles(folder, "train"), np.random.default_rng(0), Counter()
    for _ in range(300):
        made = maker.make(random, 3000)
        if made is None:
            continue
        question, document, instruction, answer = made
        name = question.removeprefix("Which colour has ").removesuffix("?").replace(" ", "")
        absent = answer == "Not in the document."
        assert absent or name in answer
        assert (f"colour {name}." in document) != absent
        kinds["absent" if absent else instruction.split()[0]] += 1
        if "Passages" in instruction and not absent:
            assert f"colour {name}." in instruction
    assert min(kinds.values()) > 10, kinds


def test_half_life_is_found():
    decay = 0.5 ** (1 / 64)
    lags = []
    for available in range(1, 600):
        weight = decay ** np.arange(available)
        lags.append((weight * np.arange(available)).sum() / weight.sum())
    lag = torch.tensor(lags)[None, None]
    assert calibrate.best_half_life(torch.ones_like(lag), lag).item() == 64


def test_calibration_fits_the_far_weight():
    model = tiny()
    for _, block in model.converted():
        for name, value in block.self_attn.lightning.named_parameters():
            if "bias" in name or "gain" in name:
                value.data.zero_()
    table = calibrate.calibrate(model, ids(200, batch=4))
    assert len(table) == 2 * SHAPE.heads and all(8 <= row["half_life"] <= 8192 for row in table)
    assert model(ids(40)).isfinite().all()


def test_export_gives_the_model_back():
    base = folder_of_a_tiny_model()
    run = trainer("distill", base, base / "run", low_rank={"rank": 2, "scale": 2.0}, tokens=40 * 4 * LENGTH)
    run.run(math.inf)
    trained, wanted = run.stage.model, ids(60)
    for int8, tolerance in ((False, 2e-3), (True, 5e-2)):
        out = base / "adapter.safetensors"
        export.write(trained, Model.load(base), CONVERSION, base / "model.safetensors", out, int8, 0)
        read = Model.load(base, CONVERSION)
        load_learned(read, out)
        assert (read(wanted) - trained(wanted)).abs().max() < tolerance
    assert json.loads(out.with_suffix(".json").read_text())["features"] == 2 * CONVERSION.map_dim


def test_full_change_exports_as_factors():
    base = folder_of_a_tiny_model()
    run = trainer("distill", base, base / "run", full=True)
    run.run(math.inf)
    out = base / "adapter.safetensors"
    export.write(run.stage.model, Model.load(base), CONVERSION, base / "model.safetensors", out, False, 48)
    read = Model.load(base, CONVERSION)
    load_learned(read, out)
    assert (read(ids(60)) - run.stage.model(ids(60))).abs().max() < 2e-3


def test_stage_starts_where_the_last_one_ended():
    base = folder_of_a_tiny_model()
    run = trainer("distill", base, base / "run", low_rank={"rank": 2, "scale": 2.0})
    run.run(math.inf)
    model = Model.load(base, Conversion.of(asdict(CONVERSION)))
    load_learned(model, base / "run" / "checkpoint.pt")
    assert torch.equal(model(ids(40)), run.stage.model(ids(40)))


def test_training_goes_on_from_an_adapter():
    base = folder_of_a_tiny_model()
    run = trainer("distill", base, base / "run", low_rank={"rank": 2, "scale": 2.0})
    run.run(math.inf)
    trained, out = run.stage.model, base / "adapter.safetensors"
    export.write(trained, Model.load(base), CONVERSION, base / "model.safetensors", out, False, 0)
    read = Model.load(base, CONVERSION)
    load_learned(read, out)
    stage = Distill({"low_rank": {"rank": 2, "scale": 2.0}}, run.stage.paths, "fp32", "cpu")
    stage.setup(read, False)
    scales = {module.scale for _, module in stage.model.projections()}
    assert scales == {2.0} and (stage.model(ids(60)) - trained(ids(60))).abs().max() < 2e-3
    again = {name: value for name, value in stage.model.trainable().items() if "lora_b" in name}
    assert all((value - trained.trainable()[name]).abs().max() < 2e-3 for name, value in again.items()) and again


def test_checkpoint_over_an_adapter_keeps_its_own_scale():
    base = folder_of_a_tiny_model()
    run = trainer("distill", base, base / "run", low_rank={"rank": 2, "scale": 2.0})
    run.run(math.inf)
    trained, out = run.stage.model, base / "adapter.safetensors"
    export.write(trained, Model.load(base), CONVERSION, base / "model.safetensors", out, False, 0)
    read = Model.load(base, CONVERSION)
    load_learned(read, out)
    load_learned(read, base / "run" / "checkpoint.pt")
    assert torch.equal(read(ids(60)), trained(ids(60)))


def test_plain_model_takes_no_branches_of_an_adapter():
    base = folder_of_a_tiny_model()
    run = trainer("distill", base, base / "run", low_rank={"rank": 2, "scale": 2.0})
    run.run(math.inf)
    out = base / "adapter.safetensors"
    export.write(run.stage.model, Model.load(base), CONVERSION, base / "model.safetensors", out, True, 0)
    plain = Model.load(base)
    load_learned(plain, out)
    assert plain.changed and not any(".lightning." in name for name in plain.changed)


def test_runs_are_averaged_with_their_scales():
    """A checkpoint's factors count by its scale; what only one of two has, as an adapter its branches, is left out."""
    one = ({"p.lora_a": torch.ones(2, 3), "p.lora_b": torch.ones(3, 2), "slope": torch.ones(1)}, 1.0)
    other = ({"p.lora_a": 3 * torch.ones(2, 3), "p.lora_b": torch.ones(3, 2)}, 2.0)
    mean = average([one, other])
    assert set(mean["learned"]) == {"p.lora_a", "p.lora_b"} and mean["low_rank_scale"] == 1.0
    assert torch.equal(mean["learned"]["p.lora_a"], 2 * torch.ones(2, 3)) and torch.equal(mean["learned"]["p.lora_b"], 1.5 * torch.ones(3, 2))
    for wrong in ({"p.lora_a": torch.ones(4, 3)}, {"q.lora_a": torch.ones(2, 3)}):
        try:
            average([one, (wrong, 1.0)])
        except ValueError:
            continue
        raise AssertionError(f"averaged with {list(wrong)}")


def test_curve_drops_rows_past_the_checkpoint():
    path = Path(tempfile.mkdtemp()) / "curve.csv"
    curve = Curve(path, ["step", "loss"])
    for step in (1, 2, 3):
        curve.add(step=step, loss=0.5)
    Curve(path, ["step", "loss"], resume_step=2).add(step=3, loss=0.25)
    assert path.read_text().split() == ["step,loss", "1,0.5", "2,0.5", "3,0.25"]


def test_checkpoint_is_replaced_whole():
    folder = Path(tempfile.mkdtemp())
    Checkpoint(folder).save({"step": 1})
    Checkpoint(folder).save({"step": 2})
    assert Checkpoint(folder).load() == {"step": 2} and len(list(folder.iterdir())) == 1


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)
