"""Checks of the rows of the `answer` stage and of what is asked in them. Runs with pytest or python."""

import itertools
import json
import re
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import torch

import answers
import code_questions
import lookalikes
import prompts as p
import tasks
import twins
from model import Model
from stages import STAGES
from test_model import ids, tiny
from test_training import folder_of_a_tiny_model, folder_of_articles
from train import Paths


def test_branches_see_their_beginning_and_themselves():
    """A packed row gives each answer the hidden states it has in a row of its own."""
    model = tiny(conversion=None)
    beginning, first, second = ids(9)[0], ids(5, seed=1)[0], ids(4, seed=2)[0]
    code = torch.tensor([[0] * 9 + [1] * 5 + [2] * 4 + [64] * 6 + [-1] * 2])
    row = torch.cat([beginning, first, second, ids(6, seed=3)[0], ids(2, seed=4)[0]])[None]
    packed = model(row, model.laid_out(*answers.layout(code)))[0]
    alone = model(torch.cat([beginning, second])[None])[0]
    assert torch.allclose(packed[14:18], alone[9:], atol=1e-5)
    assert torch.allclose(packed[18:24], model(ids(6, seed=3))[0], atol=1e-5), "the next group begins anew"


def test_spans_are_the_groups():
    code = torch.tensor([[0] * 3 + [1] * 2 + [64] * 2 + [-1], [0] * 8])
    assert answers.spans(code) == [[(0, 5), (5, 7), (7, 8)], [(0, 8)]]


def test_rows_of_answers_hold_whole_groups():
    row = answers.Row(120)
    assert row.add((list(range(30)), [([1] * 10, [2] * 5, 1), ([3] * 10, [4] * 5, 0.5)]))
    assert not row.add((list(range(80)), [([1], [2], 1)])), "does not fit"
    assert row.add((list(range(20)), [([5] * 4, [6], 1), ([7] * 60, [8], 1)])), "its second branch does not fit"
    ids_of_row, weights, code = row.finish(9)
    assert len(ids_of_row) == len(weights) == len(code) == 120
    assert [index for index, weight in enumerate(weights) if weight == 1] == list(range(40, 45)) + [84]
    assert list(code[:60]) == [0] * 30 + [1] * 15 + [2] * 15 and list(code[60:85]) == [64] * 20 + [65] * 5
    assert set(code[85:]) == {-1} and set(ids_of_row[85:]) == {9}


def test_stretches_are_whole_and_as_long_as_the_readers():
    units = ["a" * 200, "b" * 400, "c" * 100, "d" * 600, "e" * 10]
    assert answers.stretches(units) == [range(0, 2), range(2, 4), range(4, 5)]


def test_questions_that_passages_do_not_answer():
    folder = folder_of_articles()
    prompts, random, kinds = Letters(), np.random.default_rng(0), Counter()
    maker = answers.Paragraphs(folder, "train")
    maker.several = 0.3
    for _ in range(100):
        beginning, branches = maker.make(random, prompts)
        again = prompts.again[-len(branches):]
        assert all(sentence is None or sentence in beginning for sentence in again)
        kinds["again"] += sum(sentence is not None for sentence in again)
        for question, answer, _ in branches:
            name = question.removeprefix("Which colour has ").removesuffix("?").replace(" ", "")
            assert (answer == "Not in the document.") != (f"colour {name}." in beginning)
            kinds[answer == "Not in the document."] += 1
    assert min(kinds.values()) > 20, kinds


def test_a_question_alone_is_named_before_its_passages():
    maker, prompts, random = answers.Paragraphs(folder_of_articles(), "train"), Letters(), np.random.default_rng(0)
    maker.alone, prompts.opening = 1.0, lambda known: f"<{known}>"
    for _ in range(40):
        beginning, branches = maker.make(random, prompts)
        assert len(branches) == 1 and beginning.startswith(f"<{branches[0][0]}>")


def test_stories_are_asked_what_other_parts_and_other_stories_answer():
    def story(names):
        units = [f"On that day {name} found the ring of {name}land and went on for a long while." for name in names]
        return {"text": " ".join(units), "questions": [{"q": f"What did {name} find?", "refs": [f"{name}land"]} for name in names]}

    folder = Path(tempfile.mkdtemp())
    names = ["".join(letters) for letters in itertools.permutations("abcde")]
    stories = [story(names[:60]), story(names[60:])] * 20  # the first story of the many is held out
    (folder / "fairytaleqa_train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in stories))
    maker, prompts, random, kinds = answers.Scenes(folder, "train"), Letters(), np.random.default_rng(0), Counter()
    maker.several, maker.elsewhere = 0.5, 0.7
    for _ in range(200):
        beginning, branches = maker.make(random, prompts) or ("", [])
        for question, answer, _ in branches:
            name = question.split("What did ")[1].split(" find")[0].replace(" ", "")
            assert (answer == "Not in the document.") != (f"{name}land" in beginning)
            kinds[answer == "Not in the document."] += 1
    assert min(kinds.values()) > 50, kinds
    maker.elsewhere = 0.0
    assert all(answer != "Not in the document." for _ in range(60) for _, answer, _ in (maker.make(random, prompts) or ("", []))[1])


def test_lookalikes_ask_what_the_paragraph_does_not_say():
    random = np.random.default_rng(0)
    context = "In 1492 Columbus sailed west from Spain. The Crown of Castile paid for the first voyage."
    others = ["In 1519 Magellan left Seville.", "The returning crews were welcomed."]
    made = {lookalikes.lookalike(random, "When did Columbus start his first voyage?", "1492", context, others) for _ in range(60)}
    assert "When did Columbus start his last voyage?" in made and "When didn't Columbus start his first voyage?" in made
    assert made & {f"When did {name} start his first voyage?" for name in ("Castile", "Spain", "Magellan", "Crown of Castile")}
    assert "When did Columbus start his first voyage?" not in made
    assert not any("1492" in question for question in made if question), "the answer would be told"
    assert lookalikes.lookalike(random, "who?", "Columbus", context, others) is None


def test_an_opening_names_what_is_asked_first_answered_or_not():
    prompts, random, named = Letters(), np.random.default_rng(0), Counter()
    prompts.opening = lambda known: f"<{known}>"
    asked = [("who?", "Ann", None), ("when?", "1901", None), ("why?", "Not in the document.", None)]
    for _ in range(600):
        beginning, branches = p.group(random, prompts, ["Ann came in 1901."], asked)
        assert sorted(branch[0] for branch in branches) == ["when?", "who?", "why?"]
        name = re.match("<(.*)>", beginning)
        assert name is None or name[1] == branches[0][0]
        named[name[1] if name else None] += 1
    assert min(named[question] for question, _, _ in asked) > 70 and named[None] > 240, named


def test_sentences_are_the_readers():
    text = 'He said "Go." Then Dr. Smith (of No. 5) left. "Why?" she asked e.g. Ann.\n\nNo stop'
    assert tasks.sentences(text) == ['He said "Go."', "Then Dr. Smith (of No. 5) left.", '"Why?" she asked e.g. Ann.', "No stop"]


def test_rows_taken_at_once_do_not_change_the_gradient():
    """Rows with many and with few answers' tokens, and of plain text."""
    folder = folder_of_a_tiny_model()
    row = torch.stack([ids(24, seed=seed)[0] for seed in range(4)])
    weights = torch.zeros(4, 24)
    weights[0, 5:20], weights[1, 8:10], weights[2:] = 1, 1, -1
    gradients = []
    for micro in (1, 4):
        torch.manual_seed(5)
        stage = STAGES["answer"]({"rates": {"weights": 1e-3}, "low_rank": {"rank": 2, "scale": 2.0}, "text_kl": 6.0}, Paths(str(folder), str(folder), None), "fp32", "cpu")
        stage.setup(Model.load(folder, None), False)
        for name, parameter in stage.model.trainable().items():
            parameter.data.normal_(0, 0.1)
        for part in zip(*(column.split(micro) for column in (row, weights, torch.zeros(4, 24, dtype=torch.long)))):
            stage.step(micro / 4, *part)
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in stage.model.trainable().values()]))
    assert gradients[0].norm() > 1e-3 and torch.allclose(*gradients, atol=1e-5), (gradients[0] - gradients[1]).abs().max()


PAIRED = [{"paragraphs": [{"context": "In 1901 the Brick-Lane Fair drew 12,000 of Anna Doe's guests. It was said that fairs tire.",
                           "qas": [{"question": "How many guests drew the Brick-Lane Fair?", "answers": ["12,000"]}]}]}]


def test_twins_are_spelt_as_their_paragraph_spells():
    asked = ["how many guests drew the brick - lane fair ?", "who asked this elsewhere ?"]
    changed = ["how many of anna doe 's 12 , 000 guests did n't the fair `` draw '' ?", "who ?"]
    assert twins.twins(PAIRED, asked, changed) == [{
        "question": "How many guests drew the Brick-Lane Fair?", "answerable": "How many guests drew the Brick-Lane Fair?",
        "unanswerable": "How many of Anna Doe's 12,000 guests didn't the Fair \"draw\"?"}]


def test_twins_are_asked_beside_what_they_were_made_of():
    folder, prompts = folder_of_articles(), Letters()
    maker = answers.Paragraphs(folder, "train")
    question = maker.articles[0][1]["qas"][0]["question"]
    record = {"question": question, "answerable": question.lower(), "unanswerable": "Which colour has it not?"}
    (folder / f"{twins.NAME}.jsonl").write_text(json.dumps(record) + "\n")
    random, seen = np.random.default_rng(0), Counter()
    maker.ask_twins(folder, 0.5)
    for _ in range(60):
        said = {question: answer for question, answer, _ in maker.make(random, prompts)[1]}
        seen[record["unanswerable"] in said] += 1
        assert (record["unanswerable"] in said) == (record["answerable"] in said)
        assert said.get(record["unanswerable"], "Not in the document.") == "Not in the document."
        assert said.get(record["answerable"]) != "Not in the document."
    assert min(seen[True], seen[False]) > 15, seen


def test_questions_of_a_sentence_taken_out_are_not_answered():
    random = np.random.default_rng(0)
    asked = [("Who sailed?", "Columbus"), ("What did he find?", "islands"), ("Who paid?", "Castile")]
    context = "Columbus sailed for Castile. He found islands. Then he went home."
    for _ in range(20):
        left, now = answers.Paragraphs._cut(random, context, asked)
        assert left != context
        for question, answer in now:
            real = dict(asked)[question]
            assert answer == (real if real in left else "Not in the document.")


def test_definitions_are_read():
    lines = ["class Box:", "    def fill(self, size: Dict[str, int], *rest, lid=(1, 2)) -> Optional[int]:", '        """Fills it to the top."""', "", "def closed(box):",
             "// sized gives the area", "func sized(a, b []byte) (int, error) {", "pub fn taken<T>(x: &mut T) -> Vec<T> {", "fill(3)"]
    found = {d.name: (d.line, d.parameters, d.returns, d.purpose) for d in code_questions.definitions(lines)}
    assert found == {
        "closed": (4, "box", "", ""), "sized": (6, "a, b", "(int, error)", "gives the area"), "taken": (7, "x", "Vec<T>", "")}
    method = code_questions.definitions([line.replace("fill", "filled") for line in lines])[0]
    assert (method.parameters, method.returns, method.purpose) == ("size, rest, lid", "Optional[int]", "Fills it to the top")


def test_code_is_asked_about_what_its_passage_shows():
    folder = Path(tempfile.mkdtemp())
    for name in code_questions.FILES:
        files = [{"id": f"pack/{name}/{n}.py", "text": f"import os\n\ndef call_{name}_{n}(first, second) -> int:\n    return {n}\n"} for n in range(4)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(file) + "\n" for file in files))
    maker, prompts, random, kinds = code_questions.Code(folder, "train"), Letters(), np.random.default_rng(0), Counter()
    for _ in range(60):
        beginning, branches = maker.make(random, prompts)
        for question, answer, _ in branches:
            name = re.search(r"call_\w+", question)[0]
            kinds[answer if answer in ("int", "first, second", "Not in the document.") else "path"] += 1
            assert (f"def {name}(" in beginning) == (answer != "Not in the document.")
            if "/" in answer:
                assert f"{answer}: " in beginning and name == "call_" + answer.removesuffix(".py").replace("/", "_")
    assert min(kinds[kind] for kind in ("int", "first, second", "Not in the document.", "path")) > 5, kinds


class Letters:
    """Prompts as text."""

    opening, opening_without_task = lambda self, known: "", lambda self: ""
    answer = lambda self, text: text

    def __init__(self):
        self.again = []

    def asked(self, question, again):
        self.again.append(again)
        return question

    def shown(self, passages):
        return "\n".join(passages)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)
