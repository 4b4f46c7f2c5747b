"""Rows for the `answer` stage: short answers to what is shown, many questions to one text.

A row is filled with groups. A group is a shared beginning (opening and passages, as the reader
shows them) and branches, each of which sees the beginning and itself: one question and its
answer. So a paragraph is read once for all that is asked about it. `code` says for each token
which group and branch it belongs to; `layout` turns it into positions and an attention mask.
A row is a pure function of (seed, position).
"""

from collections import Counter

import numpy as np
import torch

import prompts as p
from tasks import LONGEST_SUMMARY, Summaries, _first, _shortened, load, one_line, ranked, ranked_sets, sentences, words

BRANCHES = 64  # codes of one group
PADDING = -1
LONGEST_PASSAGE = 900  # characters
MOST_QUESTIONS = 8
ABSENT = 0.75  # questions a group that its passages do not answer
SUMMARY_WEIGHT = 0.15  # of a summary's token: it has many more of them than an answer


def layout(code):
    """Positions [rows, tokens] and mask [rows, 1, tokens, tokens] (True: seen) of rows' codes."""
    group, branch = code // BRANCHES, code % BRANCHES
    same = (group[:, :, None] == group[:, None, :]) & (code[:, None, :] != PADDING)
    shared = (branch[:, None, :] == 0) | (branch[:, :, None] == branch[:, None, :])
    length = code.shape[1]
    seen = same & shared & torch.ones(length, length, dtype=torch.bool, device=code.device).tril()
    positions = (seen.sum(-1) - 1).clamp(min=0)
    seen = seen | torch.eye(length, dtype=torch.bool, device=code.device)  # padding sees itself
    return positions, seen[:, None]


class AnswerRows:
    """Rows (ids, weights, code) of `length` tokens; weight 1 on answers' tokens.

    `text` gives rows of plain text, of which `text_share` are mixed in with weights below 0: there
    the base model is to be imitated.
    """

    def __init__(self, folder, prompts, weights, length, seed, part, text, text_share):
        makers = {"squad": Paragraphs, "fairytale": Scenes, "summary": Highlights, "focus": Focused}
        self.makers = [makers[name](folder, part) for name in weights]
        share = np.array(list(weights.values()), dtype=float)
        self.share, self.prompts, self.length, self.seed = share / share.sum(), prompts, length, seed
        self.text, self.text_share = text, text_share

    def batch(self, position, count):
        rows = [self.row(position + index) for index in range(count)]
        return tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows))

    def row(self, position):
        random = np.random.default_rng([self.seed, 7, position])
        if random.random() < self.text_share:
            ids = self.text[position][:self.length]
            return ids, np.full(self.length, -1, dtype=np.float32), np.zeros(self.length, dtype=np.int64)
        row = Row(self.length)
        misses = 0
        while misses < 10 and row.room > 160:
            maker = self.makers[random.choice(len(self.makers), p=self.share)]
            misses += not row.add(maker.make(random, self.prompts))
        return row.finish(self.prompts.separator)


class Row:
    def __init__(self, length):
        self.length, self.ids, self.weights, self.code, self.groups = length, [], [], [], 0

    @property
    def room(self):
        return self.length - len(self.ids)

    def add(self, made):
        """Adds a group (beginning, [(question, answer, weight)]) without the branches that do not fit."""
        if made is None or len(made[0]) + 40 > self.room:
            return False
        beginning, branches = made
        fitting, used = [], len(beginning)
        for question, answer, weight in branches:
            used += len(question) + len(answer)
            if used > self.room:
                break
            fitting.append((question, answer, weight))
        if not fitting:
            return False
        self._put(beginning, 0, 0)
        for branch, (question, answer, weight) in enumerate(fitting, 1):
            self._put(question, 0, branch)
            self._put(answer, weight, branch)
        self.groups += 1
        return True

    def _put(self, ids, weight, branch):
        self.ids += ids
        self.weights += [weight] * len(ids)
        self.code += [self.groups * BRANCHES + branch] * len(ids)

    def finish(self, separator):
        rest = self.room
        return (
            np.array(self.ids + rest * [separator], dtype=np.int64), np.array(self.weights + rest * [0], dtype=np.float32),
            np.array(self.code + rest * [PADDING], dtype=np.int64))


def beginning(random, prompts, passages, question):
    """The opening names the question when it is known before the reading."""
    known = question if random.random() < 0.4 else None
    opening = prompts.opening(known) if known else prompts.opening_without_task()
    return opening + prompts.shown(passages)


def branch(prompts, question, answer):
    return prompts.asked(question), prompts.answer(answer), 1


class Paragraphs:
    """SQuAD: all questions about a paragraph, and some that it does not answer."""

    def __init__(self, folder, part):
        articles = load(folder, "squad_v1.1_train_articles", part)
        self.articles = [[q for q in a["paragraphs"] if q["qas"] and len(q["context"]) > 100] for a in articles]
        self.articles = [a for a in self.articles if len(a) > 3]

    def make(self, random, prompts):
        article = self.articles[random.integers(len(self.articles))]
        gold = int(random.integers(len(article)))
        context = one_line(article[gold]["context"])
        if len(context) > 2 * LONGEST_PASSAGE:
            return None
        others = [int(i) for i in random.permutation(len(article)) if i != gold][:3]
        shown = self._distractors(random, article, others)
        place = len(shown) if random.random() < 0.6 else int(random.integers(len(shown) + 1))
        shown.insert(place, context)
        qas = [article[gold]["qas"][i] for i in random.permutation(len(article[gold]["qas"]))[:MOST_QUESTIONS]]
        branches = [branch(prompts, one_line(qa["question"]), one_line(qa["answers"][0])) for qa in qas]
        if random.random() < ABSENT:
            branches += self._absent(random, prompts, article, others, shown)
        start = beginning(random, prompts, shown, one_line(qas[0]["question"]))
        return start, [branches[i] for i in random.permutation(len(branches))]

    def _distractors(self, random, article, others):
        count = int(random.choice(3, p=[0.5, 0.3, 0.2]))
        shown = []
        for index in others[:count]:
            if random.random() < 0.4:  # of another article
                article_of = self.articles[random.integers(len(self.articles))]
                index = int(random.integers(len(article_of)))
            else:
                article_of = article
            text = one_line(article_of[index]["context"])
            shown.append(" ".join(sentences(text)[:3])[:500])
        return shown

    def _absent(self, random, prompts, article, others, shown):
        source = article if random.random() < 0.7 else self.articles[random.integers(len(self.articles))]
        qas = source[others[-1] if source is article else int(random.integers(len(source)))]["qas"]
        qa = qas[random.integers(len(qas))]
        if qa["answers"][0].lower() in " ".join(shown).lower():
            return []
        return [branch(prompts, one_line(qa["question"]), p.NOT_SAID)]


class Scenes:
    """FairytaleQA: the questions about a stretch of a story."""

    def __init__(self, folder, part):
        self.stories = []
        for story in load(folder, "fairytaleqa_train", part):
            units = sentences(story["text"])
            sets = [words(unit) for unit in units]
            questions = [(question, self._place(question, sets)) for question in story["questions"]]
            self.stories.append((units, [(question, place) for question, place in questions if place is not None]))
        self.stories = [story for story in self.stories if story[1]]

    @staticmethod
    def _place(question, sets):
        best = ranked_sets(f"{question['q']} {question['refs'][0]}", sets)
        return int(best[0]) if best else None

    def make(self, random, prompts):
        units, questions = self.stories[random.integers(len(self.stories))]
        chosen, place = questions[random.integers(len(questions))]
        around = range(max(0, place - 5), min(len(units), place + 6))
        text = one_line(" ".join(units[index] for index in around))
        if len(text) > 2200:
            return None
        near = [q for q, at in questions if around.start + 2 <= at < around.stop - 2][:MOST_QUESTIONS]
        if not near:
            return None
        return beginning(random, prompts, [text], chosen["q"]), [branch(prompts, q["q"], one_line(q["refs"][0])) for q in near]


class Highlights:
    """Sentences of a text, and its summary."""

    def __init__(self, folder, part):
        records = [record for name in Summaries.FILES for record in load(folder, name, part)]
        pairs = [(record["text"], _shortened(_first(record["summary"]))) for record in records]
        self.pairs = [pair for pair in pairs if 60 < len(pair[1]) < LONGEST_SUMMARY and len(pair[0]) < 60_000]

    def make(self, random, prompts):
        text, summary = self.pairs[random.integers(len(self.pairs))]
        units = [unit for unit in sentences(text) if len(unit) > 40]
        best = sorted(central(units)[:int(random.integers(5, 9))])
        if len(best) < 3:
            return None
        shown = p.from_sentences([one_line(units[index])[:300] for index in best])
        return prompts.opening(None), [(prompts.closing(shown), prompts.answer(summary), SUMMARY_WEIGHT)]


class Focused:
    """QMSum and SQuALITY: what a text says about something."""

    def __init__(self, folder, part):
        self.records = [
            (sentences(record["text"]), record["questions"])
            for name in ("qmsum_train", "squality_v1.3_train") for record in load(folder, name, part) if record["questions"]]

    def make(self, random, prompts):
        units, questions = self.records[random.integers(len(self.records))]
        question = questions[random.integers(len(questions))]
        answer = _shortened(_first(question["refs"]))
        best = ranked(question["q"] + " " + (answer if random.random() < 0.5 else ""), units)
        best = sorted(int(index) for index in best[:int(random.integers(5, 9))])
        if len(best) < 3 or len(answer) > 1.3 * LONGEST_SUMMARY:
            return None
        shown = p.from_sentences([one_line(units[index])[:300] for index in best], question["q"])
        return prompts.opening(None), [(prompts.closing(shown), prompts.answer(answer), SUMMARY_WEIGHT)]


def central(units):
    """Units by the mean weight of their words: frequent in the text, but not in every unit."""
    bags = [set(word.strip(".,;:()\"'").lower() for word in unit.split() if len(word) > 3) for unit in units]
    counts = Counter(word for bag in bags for word in bag)
    weight = {word: np.log(1 + count) * np.log(2 + len(units) / count) for word, count in counts.items()}
    scores = [sum(weight[word] for word in bag) / (len(bag) + 6) for bag in bags]
    return [int(index) for index in np.argsort(scores, kind="stable")[::-1]]
