"""The three stages: what is trained, on which data, by which loss."""

import torch

import losses
from data import Mixture, Stream
from model import Model
from tasks import Tasks


def lower_precision(model, precision):
    """Frozen projections and embeddings in bf16, so that no step converts them again."""
    if precision == "bf16":
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad and name.endswith(("_proj.weight", "embed_tokens.weight")):
                parameter.data = parameter.data.to(torch.bfloat16)
    return model


def make_stream(settings, paths, prompts, seed, part, answers_only):
    """Text and tasks as a stage's settings want them."""
    length, share = settings["length"], settings.get("tasks_share", 0.0)
    text = Mixture(paths.tokens, settings["text"], length, seed, part) if share < 1 else None
    tasks = Tasks(paths.pairs, prompts, settings["tasks"], length, seed, part, answers_only) if share > 0 else None
    return Stream(text, tasks, share, seed)


class Stage:
    answers_only = False

    def __init__(self, settings, paths, precision, device):
        self.settings, self.paths, self.precision, self.device = settings, paths, precision, device

    def autocast(self):
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")

    def place(self, model):
        return lower_precision(model, self.precision).to(self.device)

    def groups(self, model):
        """Parameters by the rate they learn with."""
        rates, by_kind = self.settings["rates"], {"decay": [], "branch": [], "weights": []}
        for name, parameter in model.trainable().items():
            kind = "decay" if name.endswith("log_slope") else "branch" if ".lightning." in name else "weights"
            by_kind[kind].append(parameter)
        return [{"params": parameters, "rate": rates[kind]} for kind, parameters in by_kind.items() if parameters]


class Transfer(Stage):
    """Each branch learns to give its layer's softmax output back; nothing else moves."""

    def setup(self, model, compiled):
        for _, block in model.converted():
            block.self_attn.lightning.requires_grad_(True)
            if compiled:
                block.self_attn.hybrid = torch.compile(block.self_attn.hybrid)
                block.self_attn.exact = torch.compile(block.self_attn.exact)
        self.model = self.place(model)

    def step(self, ids, weights, share):
        with self.autocast():
            errors = losses.transfer_losses(self.model, ids, backward=lambda loss: (loss * share).backward())
        return _mean(errors)

    def validate(self, ids, weights):
        with self.autocast():
            errors = losses.transfer_losses(self.model, ids)
        return _mean(errors), errors


class Distill(Stage):
    """The whole student learns the teacher's distribution of the next token."""

    kl, ce = 1.0, 0.0

    def setup(self, model, compiled):
        self._choose(model)
        model.recompute = self.settings.get("recompute", False)
        self.model = self.place(model)
        self.teacher = self.place(Model.load(self.paths.model)) if self.kl else None
        if compiled:
            for block in [*self.model.layers, *(self.teacher.layers if self.teacher else [])]:
                block.compile()

    def _choose(self, model):
        """Which parameters move: the branches, and the projections in full or by low rank."""
        low_rank = self.settings.get("low_rank")
        if low_rank and all(module.lora_a is None for _, module in model.projections()):
            model.add_low_rank(low_rank["rank"], low_rank["scale"])
        full = self.settings.get("full", False)
        if not full and any(name.endswith("_proj.weight") for name in model.changed):
            raise ValueError("these weights were trained in full before: go on with \"full\": true")
        for name, parameter in model.named_parameters():
            is_added = ".lightning." in name or ".lora_" in name
            parameter.requires_grad_(is_added or (full and "embed_tokens" not in name))

    def step(self, ids, weights, share):
        loss = self._loss(ids, weights)
        (loss * share).backward()
        return loss.detach()

    def validate(self, ids, weights):
        with torch.no_grad():
            return self._loss(ids, weights), {}

    def _loss(self, ids, weights):
        """A row's hidden state predicts the token after it, so weights and targets move by one."""
        with self.autocast():
            hidden = self.model(ids)[:, :-1].flatten(0, 1)
        teacher = None
        if self.teacher is not None:
            with torch.no_grad(), self.autocast():
                teacher = self.teacher(ids)[:, :-1].flatten(0, 1)
        return losses.head_loss(
            hidden, self.model.head, weights[:, 1:].flatten(), teacher, ids[:, 1:].flatten(), kl=self.kl, ce=self.ce,
            slice_rows=self.settings.get("slice_rows", 1024))


class Tune(Distill):
    """Answers to long documents; the teacher, who sees everything, may keep the student near."""

    answers_only = True

    def setup(self, model, compiled):
        self.kl, self.ce = self.settings.get("kl", 0.0), self.settings.get("ce", 1.0)
        super().setup(model, compiled)


STAGES = {"transfer": Transfer, "distill": Distill, "tune": Tune}


def _mean(errors):
    return torch.stack(list(errors.values())).mean()
