"""What a run writes and begins from: checkpoints that it can be resumed from, adapters, curves."""

import csv
import os
from pathlib import Path

import torch
from safetensors.torch import load_file


class Checkpoint:
    """One file, replaced whole: a run killed while writing keeps the one before."""

    def __init__(self, folder):
        self.path = Path(folder) / "checkpoint.pt"

    def save(self, content):
        part = self.path.with_suffix(".part")
        with open(part, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.path)

    def load(self, device="cpu"):
        return torch.load(self.path, map_location=device, weights_only=True) if self.path.exists() else None


class Curve:
    """A CSV of one row a step. Rows after the step that a run resumes from are dropped."""

    def __init__(self, path, columns, resume_step=0):
        self.path, self.columns = Path(path), columns
        kept = self._rows_until(resume_step) if self.path.exists() else []
        with open(self.path, "w", newline="") as file:
            csv.writer(file).writerows([columns] + kept)

    def _rows_until(self, step):
        with open(self.path, newline="") as file:
            return [row for row in list(csv.reader(file))[1:] if row and int(row[0]) <= step]

    def add(self, **values):
        row = [values.get(column, "") for column in self.columns]
        with open(self.path, "a", newline="") as file:
            csv.writer(file).writerow([f"{value:.6g}" if isinstance(value, float) else value for value in row])


def load_learned(model, path):
    """Puts what a checkpoint, calibration or exported adapter (.safetensors) has learned into the model.

    Low-rank parts are added with the file's own rank and scale, in place of any that were loaded before.
    A model without converted layers takes no branches: stages that train it can begin from an adapter too.
    """
    learned, scale = read_learned(Path(path))
    if not model.converted():
        learned = {name: value for name, value in learned.items() if ".lightning." not in name}
    modules = dict(model.projections())
    for name, value in learned.items():
        module, kind = name.rsplit(".", 1)
        if kind == "lora_a":  # made anew where another file's is there: its factors go, and its scale with them
            modules[module].add_low_rank(value.shape[0], scale)
    _, unknown = model.load_state_dict(learned, strict=False)
    model.changed |= set(learned)
    if unknown:
        raise ValueError(f"{path} has tensors that the model has no place for: {unknown[:3]}")


def read_learned(path):
    """(tensors by the model's names, low-rank parts' scale)."""
    if path.suffix == ".safetensors":
        return _adapter_tensors(path), 1.0  # export.py folds the scale in
    content = torch.load(path, map_location="cpu", weights_only=True)
    return content["learned"], content.get("low_rank_scale", 1.0)


def _adapter_tensors(path):
    """An exported adapter's, in fp32: factors of 8 bits times their rows' scales, slopes as logs."""
    tensors = {name.removeprefix("model."): value for name, value in load_file(path).items()}
    for name in [name for name in tensors if name.endswith(".int8")]:
        stem = name.removesuffix(".int8")
        tensors[stem] = tensors.pop(name).float() * tensors.pop(f"{stem}.scale")[:, None]
    for name in [name for name in tensors if name.endswith(".lightning.slope")]:
        tensors[name.removesuffix("slope") + "log_slope"] = tensors.pop(name).log()
    return {name: value.float() for name, value in tensors.items()}


def learned(model):
    """What may differ from the base model: what was loaded beside it, what is trainable now, the branches."""
    chosen = model.changed | {name for name, value in model.named_parameters() if value.requires_grad or ".lightning." in name}
    return {name: value.detach().cpu().clone() for name, value in model.named_parameters() if name in chosen}


def random_state():
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random(state):
    torch.set_rng_state(state["cpu"].cpu())
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())
