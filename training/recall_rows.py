"""Rows that train recall: documents of pairs and notes, with many questions each."""

import math

import numpy as np
import torch

from recall_words import (
    FIRST, NOTE_ADJECTIVES, NOTE_ENDS, NOTE_NOUNS, NOTE_PLACES, NOTE_VERBS, SECOND, VALUES, VOCABULARY,
    is_held_out, question,
)


class Rows:
    """Documents of pairs and notes, with many questions each.

    A row stands for a longer document of `stands_for` tokens: notes that it leaves out still take up
    positions, and those it has count for more in softmax attention (their weight's logarithm is added).
    """

    def __init__(self, vocabulary=VOCABULARY):
        v = vocabulary
        self.first, self.second, self.values = v.table(FIRST), v.table(SECOND, " "), v.table(VALUES)
        self.colon, self.dot, self.line, self.note, self.the = (v[p] for p in (": ", ".", "\n", "note:", " the"))
        self.adjectives, self.nouns, self.verbs, self.places, self.ends = (
            v.table(words, " ") for words in (NOTE_ADJECTIVES, NOTE_NOUNS, NOTE_VERBS, NOTE_PLACES, NOTE_ENDS))
        keys = [(a, b) for a in range(len(FIRST)) for b in range(len(SECOND)) if not is_held_out(a, b)]
        self.keys = np.array(keys)
        self.opening = v.opening()
        self.seed(0, 0)

    def seed(self, seed, step):
        """A step's rows depend on nothing else, so that a stopped run goes on with the same ones."""
        self.random = np.random.default_rng([seed, step])

    def draw(self, stage):
        """A batch as the stage wants it."""
        pairs, notes = (self.random.integers(low, high + 1) for low, high in (stage.pairs, stage.notes))
        stands_for = math.exp(self.random.uniform(math.log(32), math.log(stage.longest)))
        return self.batch(stage.rows, pairs, notes, stage.questions, stands_for)

    def pick(self, words):
        return words[self.random.integers(len(words))]

    def note_line(self, kind):
        """`kind` fixes the length: 1 adds an adjective, 2 another, 4 a last word."""
        line = [self.note, self.the] + ([self.pick(self.adjectives)] if kind & 1 else [])
        line += [self.pick(self.nouns), self.pick(self.verbs), self.pick(self.places), self.the]
        line += [self.pick(self.adjectives)] if kind & 2 else []
        line += [self.pick(self.nouns)] + ([self.pick(self.ends)] if kind & 4 else [])
        return line + [self.dot, self.line]

    def batch(self, rows, pairs, notes, questions, stands_for):
        random = self.random
        kinds = random.integers(8, size=notes)
        ids, positions, bias, branches, starts = [], [], [], [], []
        for _ in range(rows):
            chosen = self.keys[random.choice(len(self.keys), pairs, replace=False)]
            values = self.values[random.integers(len(self.values), size=pairs)]
            firsts, seconds = self.first[chosen[:, 0]], self.second[chosen[:, 1]]
            lines = [([a, b, self.colon, v, self.dot, self.line], False) for a, b, v in zip(firsts, seconds, values)]
            lines += [(self.note_line(kind), True) for kind in kinds]
            lines = [lines[n] for n in random.permutation(len(lines))]
            row = self.opening + [token for line, _ in lines for token in line]
            is_note = [False] * len(self.opening) + [flag for line, flag in lines for _ in line]
            missing = max(0, int(stands_for) - len(row)) if notes else 0
            gaps = np.floor(random.dirichlet(np.full(len(lines) + 1, 0.5)) * missing).astype(np.int64)
            steps = np.ones(len(row), dtype=np.int64)
            steps[np.cumsum([len(self.opening)] + [len(line) for line, _ in lines[:-1]])] += gaps[:-1]
            row_positions = np.cumsum(steps) - 1
            weight = 1 + missing / max(1, sum(is_note))
            ids.append(row)
            positions.append(row_positions)
            bias.append(np.where(is_note, math.log(weight), 0.0))
            asked = random.choice(pairs, questions, replace=questions > pairs)
            branches.append([question(a, b) + [v] for a, b, v in zip(firsts[asked], seconds[asked], values[asked])])
            starts.append(row_positions[-1] + 1 + gaps[-1])
        tensor = lambda x: torch.from_numpy(np.array(x))
        ids, positions, branches = tensor(ids)[:, None], tensor(positions)[:, None], tensor(branches)
        asked_at = tensor(starts)[:, None, None] + torch.arange(branches.shape[2])
        if random.random() < 0.5:  # no line break at the end
            ids, positions, bias = ids[:, :, :-1], positions[:, :, :-1], [b[:-1] for b in bias]
        return ids, positions, tensor(bias).float(), branches, asked_at.expand(branches.shape)
