"""What a run writes: checkpoints that it can be resumed from, and curves."""

import csv
import os
from pathlib import Path

import torch


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
    """Puts a checkpoint's or calibration's tensors into the model; adds low-rank parts it has."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    learned, scale = content["learned"], content.get("low_rank_scale", 1.0)
    modules = dict(model.projections())
    for name, value in learned.items():
        module, kind = name.rsplit(".", 1)
        if kind == "lora_a" and modules[module].lora_a is None:
            modules[module].add_low_rank(value.shape[0], scale)
    _, unknown = model.load_state_dict(learned, strict=False)
    model.changed |= set(learned)
    if unknown:
        raise ValueError(f"{path} has tensors that the model has no place for: {unknown[:3]}")


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
