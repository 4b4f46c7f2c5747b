"""Runs one stage: `python train.py transfer|distill|tune|answer --config configs/X.json ...`

A stopped run goes on where its checkpoint stands when the same command is given again. Several
processes share a batch when started by torchrun.
"""

import argparse
import json
import math
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as distributed

from lightning import Conversion
from model import Model
from prompts import Prompts
from runs import Checkpoint, Curve, learned, load_learned, random_state, restore_random
from stages import STAGES

COLUMNS = ["step", "tokens", "seconds", "progress", "loss", "validation", "gradient", "rate", "tokens_per_second"]


@dataclass
class Paths:
    model: str
    tokens: str
    pairs: str


class Trainer:
    def __init__(self, stage, settings, config, folder, prompts, device):
        self.stage, self.settings, self.device, self.folder = stage, settings, device, folder
        self.rank, self.processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.stream, self.held = (stage.stream(prompts, config["seed"], part) for part in ("train", "held"))
        self.optimizer = torch.optim.AdamW(stage.groups(stage.model), lr=0.0, betas=(0.9, 0.95), weight_decay=0.0)
        self.checkpoint = Checkpoint(folder)
        self.steps = self.tokens = self.position = 0
        self.seconds, self.stopped, self.deadline = 0.0, False, math.inf
        self._resume()
        if self.rank == 0:
            self.curve = Curve(folder / "curve.csv", COLUMNS, self.steps)
            converted = [str(index) for index, _ in stage.model.converted()]
            self.layers = Curve(folder / "layers.csv", ["step", *converted], self.steps)

    # Checkpoints

    def _state(self):
        scales = {module.scale for _, module in self.stage.model.projections() if module.lora_a is not None}
        return {
            "learned": learned(self.stage.model), "low_rank_scale": max(scales, default=1.0),
            "optimizer": self.optimizer.state_dict(), "random": random_state(), "steps": self.steps,
            "tokens": self.tokens, "position": self.position, "seconds": self.seconds}

    def _resume(self):
        state = self.checkpoint.load()
        if state is None:
            return
        self.stage.model.load_state_dict(state["learned"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        restore_random(state["random"])
        self.steps, self.tokens, self.position, self.seconds = (
            state[key] for key in ("steps", "tokens", "position", "seconds"))

    # The loop

    def progress(self):
        """0 to 1, by whichever budget is used up faster."""
        shares = [self.tokens / self.settings["tokens"]] if self.settings.get("tokens") else []
        shares += [self.seconds / self.settings["seconds"]] if self.settings.get("seconds") else []
        return min(1.0, max(shares))

    def rate(self):
        """Warm-up, then a cosine down to a share of the peak."""
        warmup, last, progress = self.settings.get("warmup", 0.05), self.settings.get("last_rate", 0.05), self.progress()
        if progress < warmup:
            return (progress + 1e-3) / (warmup + 1e-3)
        phase = (progress - warmup) / (1 - warmup)
        return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * phase))

    def run(self, max_seconds):
        """Until the budget is used up, the time is over or a signal says so."""
        started = saved = time.monotonic()
        with ThreadPoolExecutor(1) as loader:
            batch = loader.submit(self.stream.batch, self.position, self.settings["batch"])
            self.deadline = started + max_seconds
            while self.progress() < 1 and not self.stopped:
                rows = batch.result()
                batch = loader.submit(self.stream.batch, self.position + len(rows[0]), self.settings["batch"])
                self.train_step(*rows)
                if time.monotonic() - saved > self.settings.get("checkpoint_seconds", 300):
                    self._save()
                    saved = time.monotonic()
        self._save()

    def _save(self):
        if self.rank == 0:
            self.checkpoint.save(self._state())

    def train_step(self, *rows):
        """rows: ids [rows, tokens], and what else the stream gives a token."""
        begun, rate = time.monotonic(), self.rate()
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        ids, loss = rows[0], self._accumulate(rows)
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        gradient = torch.nn.utils.clip_grad_norm_(parameters, self.settings.get("clip", 1.0)).item()
        if math.isfinite(gradient):  # one bad batch must not end a run
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        taken = time.monotonic() - begun
        read = self.stage.tokens(rows)
        self.steps, self.tokens, self.position = self.steps + 1, self.tokens + read, self.position + len(ids)
        self.seconds += taken
        self.stopped = self.stopped or time.monotonic() > self.deadline
        if self.processes > 1:  # all have to agree on the rate, and when to end
            common = torch.tensor([self.seconds, float(self.stopped)])
            distributed.all_reduce(common, distributed.ReduceOp.MAX)
            self.seconds, self.stopped = common[0].item(), bool(common[1])
        validation = self.validate() if self._is_due("validate_every") else ""
        self._report(loss, validation, gradient, rate, read / taken)

    def _accumulate(self, rows):
        """The mean of the loss over the batch's parts, and its gradient; a process does its share of the parts."""
        total = 0.0
        parts = list(zip(*(column.split(self.settings["micro"]) for column in rows)))
        for part in parts[self.rank::self.processes]:
            share = len(part[0]) / len(rows[0])
            total = total + share * self.stage.step(share, *(column.to(self.device) for column in part))
        return self._summed(float(total)) if self.processes > 1 else float(total)

    def _summed(self, loss):
        """Adds up the processes' gradients, in one message, and their losses."""
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        flat = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in parameters] + [torch.tensor([loss], device=self.device)])
        distributed.all_reduce(flat)
        for parameter, gradient in zip(parameters, flat[:-1].split([p.numel() for p in parameters])):
            parameter.grad = gradient.view_as(parameter)
        return flat[-1].item()

    def _is_due(self, key):
        every = self.settings.get(key, 0)
        return every and self.rank == 0 and (self.steps % every == 0 or self.steps == 1)

    def validate(self):
        """On the same held-out rows every time."""
        count, micro = self.settings.get("validate_rows", 8), self.settings["micro"]
        values, layers = [], {}
        for start in range(0, count, micro):
            rows = self.held.batch(start, min(micro, count - start))
            value, errors = self.stage.validate(*(part.to(self.device) for part in rows))
            values.append(float(value))
            for index, error in errors.items():
                layers[str(index)] = layers.get(str(index), 0.0) + float(error) * len(rows[0]) / count
        if layers:
            self.layers.add(step=self.steps, **layers)
        return sum(values) / len(values)

    def _report(self, loss, validation, gradient, rate, speed):
        if self.rank != 0:
            return
        self.curve.add(
            step=self.steps, tokens=self.tokens, seconds=self.seconds, progress=self.progress(), loss=loss,
            validation=validation, gradient=gradient, rate=rate, tokens_per_second=speed)
        if self._is_due("report_every") or validation != "":
            print(
                f"step {self.steps} tokens {self.tokens} loss {loss:.4f} validation {validation or float('nan'):.4f} "
                f"gradient {gradient:.3g} {speed:.0f} tokens/s", flush=True)


def first_weights(arguments, folder):
    """Checkpoints that the model's learned part comes from when the stage begins."""
    if arguments.start:
        return arguments.start
    earlier = {"transfer": ["calibrate"], "distill": ["transfer"], "tune": ["distill", "transfer"], "answer": []}[arguments.stage]
    if not earlier:
        return []
    for name in earlier:
        path = folder / name / "checkpoint.pt"
        if path.exists():
            return [path]
    raise SystemExit(f"nothing to start {arguments.stage} from in {folder}: run {earlier[0]} first or give --start")


def checked(config, arguments):
    """The stage's settings, which have an end and the data they name."""
    settings = config["stages"].get(arguments.stage)
    if settings is None:
        raise SystemExit(f"{arguments.config} has no stage {arguments.stage}: it has {', '.join(config['stages'])}")
    if not settings.get("tokens") and not settings.get("seconds"):
        raise SystemExit(f"{arguments.config} does not say when {arguments.stage} ends: give it tokens or seconds")
    if settings.get("tasks") and not arguments.pairs:
        raise SystemExit(f"{arguments.stage} trains on tasks: give the folder of their records with --pairs")
    return settings


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True, help="folder of the base model")
    parser.add_argument("--tokens", required=True, help="folder written by data.py prepare")
    parser.add_argument("--pairs", help="folder of question and summary records")
    parser.add_argument("--out", required=True, type=Path, help="the run's folder")
    parser.add_argument("--start", nargs="+", help="checkpoints to start from, one over the other; by default the stage before")
    parser.add_argument("--max-seconds", type=float, default=math.inf, help="stop and save after this time")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        distributed.init_process_group("gloo")
    config = json.loads(Path(arguments.config).read_text())
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(config["seed"])
    settings = checked(config, arguments)
    paths = Paths(arguments.model, arguments.tokens, arguments.pairs)
    folder = arguments.out / arguments.stage
    folder.mkdir(parents=True, exist_ok=True)
    stage = STAGES[arguments.stage](settings, paths, config["precision"], arguments.device)
    model = Model.load(arguments.model, Conversion.of(config["conversion"]) if stage.is_converted else None)
    for start in first_weights(arguments, arguments.out):
        load_learned(model, start)
    stage.setup(model, arguments.compile)
    trainer = Trainer(stage, settings, config, folder, Prompts(arguments.model), arguments.device)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(trainer, "stopped", True))
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    trainer.run(arguments.max_seconds)
    print(f"{arguments.stage}: {trainer.steps} steps, {trainer.tokens} tokens, {trainer.seconds:.0f} s, {trainer.progress():.0%}")


if __name__ == "__main__":
    main()
