#!/usr/bin/env python3
"""A tiny model of MiniMax-01's architecture that recalls facts from its state over long texts.

    recall.py train  --run FOLDER [--seconds N]                      goes on where the run stands
    recall.py export --run FOLDER --out FOLDER                       the fixture's files
    recall.py check  --model FOLDER [--lengths 1024,16384,131072]    exact answers, unseen keys

recall.md says what the documents are and how the recipe came about.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from recall_documents import PAIRS, QUESTIONS, asked, check_document, check_documents, questions_file
from recall_model import Model, Shape, branched, causal
from recall_rows import Rows
from recall_words import VOCABULARY, encode, question


def loss_of(model, batch):
    """Mean loss of the answers (value and stop), and the share of answers that are exact."""
    ids, positions, bias, branches, asked_at = batch
    memory = model.read(ids, positions, causal(ids.shape[2], bias))
    mask = branched(branches.shape[1], branches.shape[2], bias)
    hidden, _ = model(branches, asked_at, mask, memory)
    logits = model.logits(hidden[:, :, -2:])
    targets = torch.stack((branches[:, :, -1], torch.full_like(branches[:, :, -1], VOCABULARY.stop)), 2)
    loss = F.cross_entropy(logits.flatten(0, 2), targets.flatten())
    return loss, (logits.argmax(-1) == targets).all(-1).float().mean()


@dataclass(frozen=True)
class Stage:
    """Rows of one kind: for so many steps, or until `enough` of the answers are right over 50 steps."""

    rows: int
    pairs: tuple
    notes: tuple
    questions: int
    longest: int  # what a row may stand for, in tokens
    rate: float
    steps: int
    enough: float = 1.1

    def rate_at(self, step):
        """A short warm-up; towards the end of the steps the rate falls to a fiftieth."""
        return self.rate * min(1, (step + 1) / 50, 0.02 + 2 * (1 - step / self.steps))


STAGES = {
    "few": Stage(32, (4, 4), (0, 1), 4, 64, 1e-3, 4000, enough=0.97),
    "more": Stage(24, (6, 16), (2, 8), 12, 4096, 1e-3, 4000, enough=0.97),
    "many": Stage(8, (16, 64), (8, 40), 24, 32768, 1e-3, 4000, enough=0.97),
    "far": Stage(8, (16, 64), (8, 60), 24, 262144, 1e-3, 400),
}
SLOW = 0.1  # the rate of lightning layers, times the others'


class Trainer:
    stages = STAGES

    def __init__(self, folder, seed=0, shape=Shape()):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)
        self.model = Model(shape)
        self.optimizer = torch.optim.AdamW(self.groups(), lr=1e-3, betas=(0.9, 0.98))
        self.stage, self.step, self.tokens, self.in_stage, self.seconds = 0, 0, 0, 0, 0.0
        if self.file.exists():
            saved = torch.load(self.file, weights_only=False)
            self.model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
            for name in ("stage", "step", "tokens", "in_stage", "seconds"):
                setattr(self, name, saved[name])
        self.rows, self.seed = self.make_rows(), seed

    def make_rows(self):
        return Rows()

    def loss(self, batch):
        return loss_of(self.model, batch)

    def groups(self):
        """Lightning layers begin with what the others need and move slowly."""
        groups = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                slow = "self_attn" in name and not self.model.model.layers[int(name.split(".")[2])].is_softmax
                groups.setdefault((parameter.dim() > 1, slow), []).append(parameter)
        return [{"params": parameters, "weight_decay": 0.01 if is_matrix else 0.0, "factor": SLOW if slow else 1.0}
                for (is_matrix, slow), parameters in groups.items()]

    @property
    def file(self):
        return self.folder / "run.pt"

    def save(self):
        state = {name: getattr(self, name) for name in ("stage", "step", "tokens", "in_stage", "seconds")}
        state |= {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state, self.file.with_suffix(".new"))
        self.file.with_suffix(".new").rename(self.file)

    def run(self, names, seconds):
        began, before, saved, recent = time.time(), self.seconds, time.time(), []
        while self.stage < len(names) and time.time() < began + seconds:
            name, stage = names[self.stage], self.stages[names[self.stage]]
            recent = (recent + [self.one_step(stage)])[-50:]
            self.seconds = before + time.time() - began
            if self.step % 50 == 0:
                loss, right = np.mean(recent, 0)
                self.note(name, loss, right)
                if right >= stage.enough and self.in_stage >= 100 or self.in_stage >= stage.steps:
                    self.stage, self.in_stage, recent = self.stage + 1, 0, []
            if time.time() - saved > 60:
                self.save()
                saved = time.time()
        self.save()

    def one_step(self, stage):
        for group in self.optimizer.param_groups:
            group["lr"] = stage.rate_at(self.in_stage) * group["factor"]
        self.rows.seed(self.seed, self.step)
        batch = self.rows.draw(stage)
        loss, right = self.loss(batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step, self.in_stage = self.step + 1, self.in_stage + 1
        self.tokens += batch[0].numel() + batch[3].numel()
        return loss.item(), right.item()

    def note(self, stage, loss, right):
        line = {"stage": stage, "step": self.step, "tokens": self.tokens, "loss": round(loss, 4),
                "right": round(right, 4), "seconds": round(self.seconds)}
        print(json.dumps(line), flush=True)
        with open(self.folder / "curve.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n")


def export(model, folder, vocabulary=VOCABULARY):
    """config.json, model.safetensors in bf16, tokenizer.json and questions.json."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.to(torch.bfloat16).contiguous() for name, t in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    (folder / "config.json").write_text(json.dumps(model.shape.config(), indent=2) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(vocabulary.file(), indent=1) + "\n")
    (folder / "questions.json").write_text(json.dumps(questions_file()) + "\n")


def read(model, ids, size=512):
    """Reads a document in blocks: memory, and its length."""
    memory, count = None, 0
    for start in range(0, len(ids), size):
        part = torch.tensor(ids[start : start + size])[None, None]
        length = part.shape[2]
        mask = torch.cat((torch.zeros(length, count), causal(length)), 1)
        memory = model.read(part, torch.arange(count, count + length)[None, None], mask, memory)
        count += length
    return memory, count


def answers(model, memory, count, questions, longest=4):
    """The most likely answers, until the stop token, to each of the questions on its own."""
    result = []
    for first, second in questions:
        ids = question(VOCABULARY[first], VOCABULARY[" " + second])
        for _ in range(longest):
            part = torch.tensor(ids)[None, None]
            mask = torch.cat((torch.zeros(len(ids), count), causal(len(ids))), 1)
            hidden, _ = model(part, torch.arange(count, count + len(ids))[None, None], mask, memory)
            ids = ids + [model.logits(hidden[0, 0, -1]).argmax().item()]
            if ids[-1] == VOCABULARY.stop:
                break
        result.append(ids[6:])
    return result


def check(model, length, questions=QUESTIONS):
    """How many questions are answered exactly after documents, and after the opening alone."""
    began, seeds = time.time(), check_documents(length)
    figures = {"questions": 0, "right": 0, "right_with_empty_state": 0, "wrong_at": []}
    for seed in seeds:
        text, facts = check_document(seed, length, PAIRS)
        facts = asked(facts, len(seeds), questions)
        wanted = [[VOCABULARY[value], VOCABULARY.stop] for _, value in facts]
        with torch.no_grad():
            given, empty = (
                answers(model, *read(model, VOCABULARY.opening() + ids), [key.split() for key, _ in facts])
                for ids in (encode(text), []))
        right = [one == other for one, other in zip(given, wanted)]
        figures["questions"] += len(facts)
        figures["right"] += sum(right)
        figures["right_with_empty_state"] += sum(one == other for one, other in zip(empty, wanted))
        figures["wrong_at"] += [round(number / len(facts), 2) for number, ok in enumerate(right) if not ok]
    return {**figures, "seconds": round(time.time() - began)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    train.add_argument("--run", required=True, help="the folder of checkpoint and curve")
    train.add_argument("--seconds", type=float, default=86400, help="stop after so long, to go on later")
    train.add_argument("--stages", default=",".join(STAGES))
    train.add_argument("--seed", type=int, default=0)
    out = commands.add_parser("export")
    out.add_argument("--run", required=True)
    out.add_argument("--out", required=True)
    checked = commands.add_parser("check")
    checked.add_argument("--model", required=True, help="a folder that export wrote")
    checked.add_argument("--lengths", default="1024,16384,131072")
    checked.add_argument("--questions", type=int, default=QUESTIONS, help="of each length")
    for command in (train, out, checked):
        command.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    if args.command == "train":
        Trainer(args.run, args.seed).run(args.stages.split(","), args.seconds)
    elif args.command == "export":
        export(Trainer(args.run).model, Path(args.out))
    else:
        model = Model.load(args.model)
        for length in map(int, args.lengths.split(",")):
            print(json.dumps({"length": length, **check(model, length, args.questions)}), flush=True)


if __name__ == "__main__":
    main()
