"""The four stages: what is trained, on which data, by which loss."""

import torch

import losses
from answers import PADDING, AnswerRows, layout, spans
from data import Mixture, Stream
from model import Model
from readings import ReadingRows, parted
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
    is_converted = True

    def __init__(self, settings, paths, precision, device):
        self.settings, self.paths, self.precision, self.device = settings, paths, precision, device

    def stream(self, prompts, seed, part):
        return make_stream(self.settings, self.paths, prompts, seed, part, self.answers_only)

    @staticmethod
    def tokens(rows):
        """How many tokens a step has read."""
        return rows[0].numel()

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
        model.requires_grad_(False)
        for _, block in model.converted():
            block.self_attn.lightning.requires_grad_(True)
            if compiled:
                block.self_attn.hybrid = torch.compile(block.self_attn.hybrid)
                block.self_attn.exact = torch.compile(block.self_attn.exact)
        self.model = self.place(model)

    def step(self, share, ids, weights):
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
        elif low_rank:
            ranks = {module.lora_a.shape[0] for _, module in model.projections() if module.lora_a is not None}
            if ranks != {low_rank["rank"]}:
                print(f"low-rank parts keep their rank {sorted(ranks)}, not the configuration's {low_rank['rank']}", flush=True)
            for _, module in model.projections():
                module.rescale(low_rank["scale"])
        full = self.settings.get("full", False)
        if not full and any(name.endswith("_proj.weight") for name in model.changed):
            raise ValueError("these weights were trained in full before: go on with \"full\": true")
        for name, parameter in model.named_parameters():
            is_added = ".lightning." in name or ".lora_" in name
            parameter.requires_grad_(is_added or (full and "embed_tokens" not in name))

    def step(self, share, ids, weights):
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
    """Short answers from the reading: a document once, and many questions as branches of it.

    The low-rank parts learn, on the converted model. Rows of passages alone keep what `answer` taught.
    """

    def setup(self, model, compiled):
        self.kl, self.ce = 0.0, 1.0
        super().setup(model, compiled)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(".lora_" in name)

    def stream(self, prompts, seed, part):
        s = self.settings
        return ReadingRows(self.paths.pairs, prompts, s["tasks"], s["length"], seed, part, s["shortest"], s["longest"])

    def step(self, share, *rows):
        loss = self._fork_loss(*rows)
        (loss * share).backward()
        return loss.detach()

    def validate(self, *rows):
        with torch.no_grad():
            return self._fork_loss(*rows), {}

    @staticmethod
    def tokens(rows):
        return int((rows[2] != PADDING).sum())

    def _fork_loss(self, ids, weights, code):
        ids, weights, fork = parted(ids, weights, code)
        self.model.recompute = ids.shape[1] > self.settings.get("recompute_from", 3000)
        with self.autocast():
            hidden = self.model(ids, self.model.forked(*fork, device=self.device))[0]
        # A token is predicted by the one before it in its branch; answers never begin a branch.
        places = weights[0].nonzero()[:, 0]
        return losses.head_loss(hidden[places - 1], self.model.head, weights[0, places], targets=ids[0, places], ce=1.0)


class Answer(Distill):
    """Short answers to passages, by low rank, on the base model as it is.

    Up to the window converted layers are the base model's: what is learned here holds for both,
    and beyond it as far as the branches give softmax attention back. On plain text the model is
    held to the base.
    """

    is_converted = False

    def setup(self, model, compiled):
        self.kl, self.ce, self.text_kl = 0.0, 1.0, self.settings.get("text_kl", 1.0)
        super().setup(model, compiled)

    def stream(self, prompts, seed, part):
        s = self.settings
        text = Mixture(self.paths.tokens, s["text"], s["length"], seed, part)
        return AnswerRows(
            self.paths.pairs, prompts, s["tasks"], s["length"], seed, part, text, s["text_share"], s.get("several", 0.0), s.get("lookalikes", 0.0),
            s.get("twins", 0.0), s.get("alone", 0.0), s.get("elsewhere", 0.0))

    def step(self, share, *rows):
        loss = self._answer_loss(*rows)
        (loss * share).backward()
        return loss.detach()

    def validate(self, *rows):
        with torch.no_grad():
            return self._answer_loss(*rows), {}

    def _answer_loss(self, ids, weights, code):
        ids, weights, code = _without_padding(ids, weights, code)
        # Many small attentions serve a CPU, one large one a GPU.
        tables = self.model.laid_out(*layout(code), spans(code) if self.device == "cpu" else None)
        with self.autocast():
            hidden = self.model(ids, tables)[:, :-1].flatten(0, 1)
        # A branch's first token is not predicted by the token before it in the row, but its weight is 0.
        targets, loss = ids[:, 1:].flatten(), 0.0
        share, wanted = _by_row(weights[:, 1:].clamp(min=0))
        if share:
            loss = share * losses.head_loss(hidden, self.model.head, wanted, targets=targets, ce=1.0)
        share, wanted = _by_row(-weights[:, 1:].clamp(max=0))
        if share:
            with torch.no_grad(), self.autocast(), self.model.without_low_rank():
                base = self.model(ids, tables)[:, :-1].flatten(0, 1)
            loss = loss + self.text_kl * share * losses.head_loss(hidden, self.model.head, wanted, base, kl=1.0)
        return loss


STAGES = {"transfer": Transfer, "distill": Distill, "tune": Tune, "answer": Answer}


def _without_padding(ids, weights, code):
    """Without the columns at the end that are padding in all rows."""
    used = int((code != PADDING).any(0).nonzero().max()) + 1
    return ids[:, :used], weights[:, :used], code[:, :used]


def _by_row(weights):
    """The share of rows that have weights, and these so that each such row counts the same.

    So the loss is a mean over rows, whatever number of them a step takes at once.
    """
    totals = weights.sum(-1, keepdim=True)
    return (totals > 0).float().mean().item(), (weights / totals.clamp(min=1e-9)).flatten()


def _mean(errors):
    return torch.stack(list(errors.values())).mean()
