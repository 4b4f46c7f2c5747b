#!/usr/bin/env python3
"""A second tiny model, which calls tools: it picks one of many by what a request says, and its argument too.

    recall_tools.py train  --run FOLDER [--seconds N]     goes on where the run stands
    recall_tools.py export --run FOLDER --out FOLDER      the fixture's files
    recall_tools.py check  --run FOLDER                   exact calls, with keys that training never saw

A tool's description is a key of two words, as the document's pairs have them. "Use almond with lucky hammer" asks
for the tool that is described as "lucky hammer", with the item "almond". Pairs and notes stand in between.
"""

import argparse
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from recall import Trainer, export
from recall_documents import Stream, check_note
from recall_model import Shape, branched, causal
from recall_rows import Rows
from recall_words import FIRST, PIECES, PURPOSE, SECOND, SYSTEM, VALUES, WORDS, Vocabulary, is_held_out

TOOL_VERBS = "bake boil chop cool cut dip dry fill fold fry grate grill heat mash melt mix".split()
TOOL_NOUNS = "bowl cup dish jar lid mug pan plate pot tray".split()
NAMES = [f"{verb}_{noun}" for verb in TOOL_VERBS for noun in TOOL_NOUNS]
PARAMETERS = ('{"type":"object","properties":{"item":{"type":"string"}},"required":["item"],'
              '"additionalProperties":false}')
# As docproc tells a model of tools, and as calls are written.
TOOLS, DESCRIBED, NAMED = "\n\nTools:\n", '{"description":"', '","name":"'
TOOL_END = '","parameters":' + PARAMETERS + "}\n"
HOW = "\nA tool is called by:\n<tool_call>\n" + '{"name": NAME, "arguments": {...}}' + "\n</tool_call>"
USE, WITH = "Use ", " with "
CALL, ARGUMENT, END = '<tool_call>\n{"name": "', '", "arguments": {"item": "', '"}}\n</tool_call>'
TOOL_PIECES = [TOOLS, DESCRIBED, NAMED, TOOL_END, HOW, USE, WITH, CALL, ARGUMENT, END]


def escaped(piece):
    return re.sub(r"[.?{}\[\]()*+|^$\\]", r"\\\g<0>", piece).replace("\n", r"\n")


PATTERN = "|".join(
    [escaped(piece) for piece in [*TOOL_PIECES, *PIECES[:8]]] + ["[a-z]+_[a-z]+", " ?[a-z]+", r"[\s\S]"])
VOCABULARY = Vocabulary(PIECES + TOOL_PIECES, WORDS + NAMES, PATTERN)


def encode(text):
    return [VOCABULARY[piece] for piece in re.findall(PATTERN, text)]


def opening(tools):
    """What stands before the document; `tools` are (name, description)."""
    lines = "".join(f"{DESCRIBED}{description}{NAMED}{name}{TOOL_END}" for name, description in tools)
    return encode(SYSTEM + TOOLS + lines + HOW + "\n\n" + PURPOSE + "\n\nDocument:\n")


@dataclass(frozen=True)
class ToolStage:
    rows: int
    tools: tuple
    pairs: tuple
    notes: tuple
    questions: int
    longest: int
    rate: float
    steps: int
    enough: float = 1.1

    def rate_at(self, step):
        return self.rate * min(1, (step + 1) / 50, 0.02 + 2 * (1 - step / self.steps))


STAGES = {
    "few": ToolStage(32, (4, 4), (4, 4), (0, 1), 8, 64, 1e-3, 4000, enough=0.97),
    "more": ToolStage(16, (6, 16), (6, 16), (2, 8), 16, 4096, 1e-3, 4000, enough=0.97),
    "many": ToolStage(6, (16, 64), (16, 40), (8, 24), 24, 32768, 1e-3, 4000, enough=0.97),
    "far": ToolStage(4, (40, 120), (16, 48), (8, 40), 24, 65536, 1e-3, 400),
}


class ToolRows(Rows):
    """Documents of pairs and notes behind a list of tools, with requests that need one of each."""

    def __init__(self):
        v = VOCABULARY
        super().__init__(v)
        self.names = v.table(NAMES)
        self.pieces = {piece: v[piece] for piece in TOOL_PIECES}

    def draw(self, stage):
        tools, pairs, notes = (
            self.random.integers(low, high + 1) for low, high in (stage.tools, stage.pairs, stage.notes))
        stands_for = math.exp(self.random.uniform(math.log(32), math.log(stage.longest)))
        return self.tool_batch(stage.rows, tools, pairs, notes, stage.questions, stands_for)

    def key_words(self, count):
        chosen = self.keys[self.random.choice(len(self.keys), count, replace=False)]
        return self.first[chosen[:, 0]], self.second[chosen[:, 1]]

    def tool_batch(self, rows, tools, pairs, notes, questions, stands_for):
        random, p = self.random, self.pieces
        system, blank, purpose, begin = (VOCABULARY[x] for x in (SYSTEM, "\n\n", PURPOSE, "\n\nDocument:\n"))
        kinds = random.integers(8, size=notes)
        ids, positions, bias, branches, starts = [], [], [], [], []
        for _ in range(rows):
            firsts, seconds = self.key_words(tools + pairs)
            names = self.names[random.choice(len(self.names), tools, replace=False)]
            values = self.values[random.integers(len(self.values), size=pairs)]
            head = [system, p[TOOLS]]
            for name, a, b in zip(names, firsts, seconds):
                head += [p[DESCRIBED], a, b, p[NAMED], name, p[TOOL_END]]
            head += [p[HOW], blank, purpose, begin]
            keys = list(zip(firsts[tools:], seconds[tools:]))
            lines = [([a, b, self.colon, v, self.dot, self.line], False) for (a, b), v in zip(keys, values)]
            lines += [(self.note_line(kind), True) for kind in kinds]
            lines = [lines[n] for n in random.permutation(len(lines))]
            row = head + [token for line, _ in lines for token in line]
            is_note = [False] * len(head) + [flag for line, flag in lines for _ in line]
            missing = max(0, int(stands_for) - len(row)) if notes else 0
            gaps = np.floor(random.dirichlet(np.full(len(lines) + 1, 0.5)) * missing).astype(np.int64)
            steps = np.ones(len(row), dtype=np.int64)
            steps[np.cumsum([len(head)] + [len(line) for line, _ in lines[:-1]])] += gaps[:-1]
            row_positions = np.cumsum(steps) - 1
            ids.append(row)
            positions.append(row_positions)
            bias.append(np.where(is_note, math.log(1 + missing / max(1, sum(is_note))), 0.0))
            asked = random.integers(tools, size=questions)
            items = self.values[random.integers(len(self.values), size=questions)]
            branches.append([
                self.request(firsts[t], seconds[t], item) + [p[CALL], names[t], p[ARGUMENT], item, p[END]]
                for t, item in zip(asked, items)])
            starts.append(row_positions[-1] + 1 + gaps[-1])
        tensor = lambda x: torch.from_numpy(np.array(x))
        ids, positions, branches = tensor(ids)[:, None], tensor(positions)[:, None], tensor(branches)
        asked_at = tensor(starts)[:, None, None] + torch.arange(branches.shape[2])
        return ids, positions, tensor(bias).float(), branches, asked_at.expand(branches.shape)

    def request(self, a, b, item):
        blank = VOCABULARY["\n\n"]
        return [blank, self.pieces[USE], item, self.pieces[WITH], a, b, blank]


def loss_of(model, batch):
    """Mean loss of the call's tokens that are the model's to choose, and the share of calls that are exact."""
    ids, positions, bias, branches, asked_at = batch
    memory = model.read(ids, positions, causal(ids.shape[2], bias))
    mask = branched(branches.shape[1], branches.shape[2], bias)
    hidden, _ = model(branches, asked_at, mask, memory)
    length = branches.shape[2]
    # After the request, the call, its name's end, the argument and its end.
    at = [length - 6, length - 5, length - 3, length - 2, length - 1]
    stop = torch.full_like(branches[:, :, -1:], VOCABULARY.stop)
    targets = torch.cat((branches, stop), 2)[:, :, [place + 1 for place in at]]
    logits = model.logits(hidden[:, :, at])
    loss = F.cross_entropy(logits.flatten(0, 2), targets.flatten())
    return loss, (logits.argmax(-1) == targets).all(-1).float().mean()


class ToolTrainer(Trainer):
    stages = STAGES

    def __init__(self, folder, seed=0):
        super().__init__(folder, seed, Shape(vocabulary=VOCABULARY.size, stop=VOCABULARY.stop))

    def make_rows(self):
        return ToolRows()

    def loss(self, batch):
        return loss_of(self.model, batch)


CASES, PAIRS = 50, 50


def held_out(stream, known):
    """A key that training never saw, and that is not among those that are known."""
    while True:
        key = (stream.below(len(FIRST)), stream.below(len(SECOND)))
        if is_held_out(*key) and key not in known:
            known.add(key)
            return f"{FIRST[key[0]]} {SECOND[key[1]]}"


def check_case(seed, tools, tokens, cases=CASES):
    """Tools, a document of about `tokens` tokens, and requests: (text, name, item)."""
    stream, known = Stream(seed), set()
    names = list(range(len(NAMES)))
    for place in range(len(names) - 1, 0, -1):
        other = stream.below(place + 1)
        names[place], names[other] = names[other], names[place]
    listed = [(NAMES[number], held_out(stream, known)) for number in names[:tools]]
    lines, facts, count = [], [], 0
    for pair in range(PAIRS):
        while count < tokens * (pair + 0.5) / PAIRS:
            line, size = check_note(stream)
            lines.append(line)
            count += size
        facts.append((held_out(stream, known), VALUES[stream.below(len(VALUES))]))
        lines.append(f"{facts[-1][0]}: {facts[-1][1]}.")
        count += 6
    while count < tokens:
        line, size = check_note(stream)
        lines.append(line)
        count += size
    requests = []
    for _ in range(cases):
        (name, described), item = listed[stream.below(tools)], VALUES[stream.below(len(VALUES))]
        requests.append((f"Use {item} with {described}", name, item))
    return listed, "\n".join(lines), requests


def written(model, tools, text, requests, size=512):
    """The calls that the model writes by itself."""
    memory, count = None, 0
    ids = opening(tools) + encode(text)
    for start in range(0, len(ids), size):
        part = torch.tensor(ids[start : start + size])[None, None]
        length = part.shape[2]
        mask = torch.cat((torch.zeros(length, count), causal(length)), 1)
        memory = model.read(part, torch.arange(count, count + length)[None, None], mask, memory)
        count += length
    pieces = {number: piece for piece, number in VOCABULARY.ids.items()}
    calls = []
    for request, _, _ in requests:
        ids = encode("\n\n" + request + "\n\n")
        while ids[-1] != VOCABULARY.stop and len(ids) < 24:
            part = torch.tensor(ids)[None, None]
            mask = torch.cat((torch.zeros(len(ids), count), causal(len(ids))), 1)
            hidden, _ = model(part, torch.arange(count, count + len(ids))[None, None], mask, memory)
            ids.append(model.logits(hidden[0, 0, -1]).argmax().item())
            if len(ids) == 9:  # what follows a name is forced: the model is not asked
                ids.append(VOCABULARY[ARGUMENT])
        calls.append([pieces.get(number, "") for number in ids[7:]])
    return calls


def check(model, tools, tokens):
    listed, text, requests = check_case(1000 * tools + tokens, tools, tokens)
    with torch.no_grad():
        calls = written(model, listed, text, requests)
    right = {"tool": 0, "argument": 0, "both": 0}
    for call, (_, name, item) in zip(calls, requests):
        tool, argument = name in call, item in call
        right["tool"] += tool
        right["argument"] += argument
        right["both"] += tool and argument
    return {"tools": tools, "tokens": tokens, "cases": len(requests), **right}


CHECKS = [(10, 1024), (100, 1024), (100, 20_000)]


def cases_file():
    """Cases for the tests: tools and requests; the shortest document in full, the others by their rule."""
    made = []
    for tools, tokens in CHECKS:
        listed, text, requests = check_case(1000 * tools + tokens, tools, tokens)
        specifications = [
            {"type": "function", "function": {"description": described, "name": name, "parameters": json.loads(PARAMETERS)}}
            for name, described in listed]
        made.append({"tools": specifications, "tokens": tokens, "document": text,
                     "requests": [{"text": text, "name": name, "item": item} for text, name, item in requests]})
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["train", "export", "check"])
    parser.add_argument("--run", required=True)
    parser.add_argument("--out")
    parser.add_argument("--seconds", type=float, default=86400)
    parser.add_argument("--stages", default=",".join(STAGES))
    args = parser.parse_args()
    torch.set_num_threads(1)
    trainer = ToolTrainer(args.run)
    if args.command == "train":
        trainer.run(args.stages.split(","), args.seconds)
    elif args.command == "check":
        for tools, tokens in CHECKS:
            print(json.dumps(check(trainer.model.requires_grad_(False), tools, tokens)), flush=True)
    else:
        folder = Path(args.out)
        export(trainer.model, folder, VOCABULARY)
        (folder / "questions.json").unlink()
        (folder / "cases.json").write_text(json.dumps(cases_file()) + "\n")


if __name__ == "__main__":
    main()
