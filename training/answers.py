"""Rows for the `answer` stage: short answers to what is shown, many questions to one text.

A row is filled with groups. A group is a shared beginning (opening and passages, as the reader
shows them) and branches, each of which sees the beginning and itself: one question and its
answer. So a paragraph is read once for all that is asked about it. `code` says for each token
which group and branch it belongs to; `layout` turns it into positions and an attention mask.
A row is a pure function of (seed, position).
"""

import numpy as np
import torch

import prompts as p
from code_questions import Code
from data import find, read_lines
from lookalikes import lookalike
from tasks import Summaries, first_of, condensed, load, one_line, ranked, ranked_sets, sentences, words
from twins import NAME as TWINS

BRANCHES = 64  # codes of one group
PADDING = -1
LONGEST_PASSAGE = 900  # characters
LONGEST_SCENE = 2400
LONGEST_SEVERAL = 4200
MOST_QUESTIONS = 8
STRETCH = 550  # characters from which on a stretch ends, as the reader cuts them
MOST_SEVERAL = 1200  # characters of a paragraph that is shown among several
AGAIN = 0.6  # of SQuAD's other groups: each question's nearest sentence is shown again beside it
ABSENT = 0.75  # questions a group that its passages do not answer
SAME_STORY = 0.6  # of the questions that a story's part does not answer: about another part of it
CUT = 0.15  # of SQuAD's groups with lookalikes: a sentence that answers is taken out
LONGEST_TEXT = 512  # tokens of a row of plain text, which costs more than another: the base model reads it too
COMPARED = 0.25  # of plain text's tokens: there the model is compared with the base; on all tokens the logits of both took a third of such a row's time
SUMMARY_WEIGHT = 0.3  # of a summary's token: it has many more of them than an answer


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


def spans(code):
    """Of each row the ranges (start, end) of its groups, which do not see each other."""
    ranges = []
    for row in (code // BRANCHES).tolist():
        starts = [index for index, group in enumerate(row) if index == 0 or group != row[index - 1]]
        ranges.append(list(zip(starts, starts[1:] + [len(row)])))
    return ranges


class AnswerRows:
    """Rows (ids, weights, code) of `length` tokens; weight 1 on answers' tokens.

    `text` gives rows of plain text, of which `text_share` are mixed in with weights below 0: there
    the base model is to be imitated. `several` of the groups of questions show as many stretches
    as the reader does where no passage stands out. `lookalikes` of SQuAD's questions are asked
    once more, changed so that the paragraph does not answer them. `twins` of SQuAD's groups are of
    paragraphs with questions that a person changed so, all of which are asked too. `alone` of the
    groups of questions ask one question only and name it before the passages, as the reader does.
    `elsewhere` of the groups about a story also ask what another part of it, or another story, answers.
    """

    def __init__(
            self, folder, prompts, weights, length, seed, part, text, text_share, several=0.0, lookalikes=0.0, twins=0.0, alone=0.0,
            elsewhere=0.0):
        makers = {"squad": Paragraphs, "fairytale": Scenes, "summary": Condensed, "focus": Focused, "code": Code}
        self.makers = [makers[name](folder, part) for name in weights]
        for maker in self.makers:
            maker.several, maker.lookalikes, maker.alone = several, lookalikes, alone
            if twins > 0 and isinstance(maker, Paragraphs):
                maker.ask_twins(folder, twins)
            if isinstance(maker, Scenes):
                maker.elsewhere = elsewhere
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
            code = np.where(np.arange(self.length) < LONGEST_TEXT, 0, PADDING)
            compared = np.where((random.random(self.length) < COMPARED) & (code == 0), -1, 0)
            return ids, compared.astype(np.float32), code
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


def nearest(question, units):
    """The sentence that shares most with the question, which the reader shows again beside it."""
    if len(units) < 2:
        return None
    best = ranked(question, units)
    return one_line(units[best[0] if len(best) else -1])


def stretches(units):
    """Ranges of units as long as the reader's stretches (Sources/Retrieval/Text/TextBlocks.swift)."""
    ranges, start = [], 0
    for end in range(1, len(units) + 1):
        if sum(map(len, units[start:end])) >= STRETCH or end == len(units):
            ranges.append(range(start, end))
            start = end
    return ranges


class Paragraphs:
    """SQuAD: all questions about a paragraph, and some that it does not answer."""

    several = lookalikes = twin_share = alone = 0.0

    def __init__(self, folder, part):
        articles = load(folder, "squad_v1.1_train_articles", part)
        self.articles = [[q for q in a["paragraphs"] if q["qas"] and len(q["context"]) > 100] for a in articles]
        self.articles = [a for a in self.articles if len(a) > 3]

    def ask_twins(self, folder, share):
        """`share` of the groups are of paragraphs whose questions have twins (twins.py), and ask these too."""
        self.twin_share = share
        self.twins = {one_line(record["question"]): record for record in read_lines(find(folder, TWINS))}
        self.twinned = [
            (article, index) for article in self.articles for index, paragraph in enumerate(article)
            if any(one_line(qa["question"]) in self.twins for qa in paragraph["qas"])]

    def _drawn(self, random):
        """(article, a paragraph's index in it, whether twins are asked)"""
        if self.twin_share > 0 and random.random() < self.twin_share:
            return *self.twinned[random.integers(len(self.twinned))], True
        article = self.articles[random.integers(len(self.articles))]
        return article, int(random.integers(len(article))), False

    def make(self, random, prompts):
        article, gold, twinned = self._drawn(random)
        context = one_line(article[gold]["context"])
        if len(context) > 2 * LONGEST_PASSAGE:
            return None
        alone = self.alone > 0 and random.random() < self.alone
        several = self.several > 0 and len(context) < MOST_SEVERAL and random.random() < self.several
        others = [int(i) for i in random.permutation(len(article)) if i != gold][:6 if several else 3]
        count = int(random.integers(3, 6)) if several else int(random.choice(3, p=[0.75, 0.2, 0.05] if alone else [0.5, 0.3, 0.2]))
        shown = self._distractors(random, article, others, count)
        last = not several and random.random() < 0.6
        place = len(shown) if last else int(random.integers(len(shown) + 1))
        shown.insert(place, context)
        qas = [article[gold]["qas"][i] for i in random.permutation(len(article[gold]["qas"]))[:MOST_QUESTIONS]]
        asked = [(one_line(qa["question"]), one_line(qa["answers"][0])) for qa in qas]
        if self.lookalikes > 0:
            shown[place], asked = self._cut(random, context, asked) if random.random() < CUT else (context, asked)
            asked += self._unanswered(random, asked, context, [q["context"] for q in (article[i] for i in others)])
        if twinned:
            asked = self._with_twins(asked)
        if random.random() < ABSENT:
            asked += self._absent(random, article, others, shown)
        if alone:
            asked = [asked[random.integers(len(asked))]]
        units = sentences(" ".join(shown)) if not several and random.random() < AGAIN else []
        return p.group(random, prompts, shown, [(question, answer, nearest(question, units)) for question, answer in asked], always_named=alone)

    def _distractors(self, random, article, others, count):
        shown = []
        for index in others[:count]:
            if random.random() < 0.4:  # of another article
                article_of = self.articles[random.integers(len(self.articles))]
                index = int(random.integers(len(article_of)))
            else:
                article_of = article
            text = one_line(article_of[index]["context"])
            units = sentences(text)
            shown.append(" ".join(units[:3])[:500] if count < 3 else " ".join(units[index] for index in stretches(units)[0]))
        return shown

    @staticmethod
    def _cut(random, context, asked):
        """The paragraph without a sentence that answers, and its questions as now answered."""
        units = sentences(context)
        holding = [index for index, unit in enumerate(units) if any(answer in unit for _, answer in asked)]
        if len(units) < 3 or not holding:
            return context, asked
        gone = holding[random.integers(len(holding))]
        left = " ".join(unit for index, unit in enumerate(units) if index != gone)
        kept = [(question, answer) for question, answer in asked if answer not in units[gone]]
        # what another sentence names as well may be said there or not: it is not asked
        return left, kept + [(q, p.NOT_SAID) for q, answer in asked if answer in units[gone] and answer.lower() not in left.lower()]

    def _unanswered(self, random, asked, context, others):
        chosen = [(question, answer) for question, answer in asked if answer != p.NOT_SAID and random.random() < self.lookalikes]
        made = [lookalike(random, question, answer, context, others) for question, answer in chosen]
        return [(question, p.NOT_SAID) for question in made if question]

    def _with_twins(self, asked):
        """Both of a pair in the spelling that was restored for both, so that it does not tell them apart."""
        pairs = [(self.twins.get(question), question, answer) for question, answer in asked]
        said = [(twin["answerable"] if twin else question, answer) for twin, question, answer in pairs]
        return said + [(twin["unanswerable"], p.NOT_SAID) for twin, _, _ in pairs if twin]

    def _absent(self, random, article, others, shown):
        source = article if random.random() < 0.7 else self.articles[random.integers(len(self.articles))]
        qas = source[others[-1] if source is article else int(random.integers(len(source)))]["qas"]
        qa = qas[random.integers(len(qas))]
        if qa["answers"][0].lower() in " ".join(shown).lower():
            return []
        return [(one_line(qa["question"]), p.NOT_SAID)]


class Scenes:
    """FairytaleQA: the questions about a stretch of a story, and some that it does not answer."""

    several = alone = elsewhere = 0.0

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
        if self.several > 0 and random.random() < self.several:
            return self._several(random, prompts, units, questions)
        _, place = questions[random.integers(len(questions))]
        around = range(max(0, place - 5), min(len(units), place + 6))
        shown = self._elsewhere(random, units, around) + [one_line(" ".join(units[index] for index in around))]
        if sum(map(len, shown)) > LONGEST_SCENE:
            return None
        near = [q for q, at in questions if around.start + 2 <= at < around.stop - 2][:MOST_QUESTIONS]
        if not near:
            return None
        asked = [(q["q"], one_line(q["refs"][0])) for q in near] + self._unanswered(random, shown, questions)
        alone = self.alone > 0 and random.random() < self.alone
        if alone:
            asked = [asked[random.integers(len(asked))]]
        shown = [shown[index] for index in random.permutation(len(shown))]
        units = sentences(" ".join(shown)) if random.random() < AGAIN / 2 else []
        return p.group(random, prompts, shown, [(question, answer, nearest(question, units)) for question, answer in asked], always_named=alone)

    def _unanswered(self, random, shown, questions):
        """A question of this story or another of whose answer nothing is in what is shown."""
        if self.elsewhere == 0 or random.random() >= self.elsewhere:
            return []
        source = questions if random.random() < SAME_STORY else self.stories[random.integers(len(self.stories))][1]
        question, _ = source[random.integers(len(source))]
        told = words(" ".join(shown))
        return [] if words(" ".join(question["refs"])) & told else [(question["q"], p.NOT_SAID)]

    def _several(self, random, prompts, units, questions):
        """Stretches of the story in its order, and what is asked about any of them."""
        ranges = stretches(units)
        chosen = sorted(random.permutation(len(ranges))[:int(random.integers(4, 7))])
        shown = [one_line(" ".join(units[index] for index in ranges[number])) for number in chosen]
        asked = [q for q, at in questions if any(at in ranges[number] for number in chosen)]
        if not asked or sum(map(len, shown)) > LONGEST_SEVERAL:
            return None
        asked = [asked[index] for index in random.permutation(len(asked))[:MOST_QUESTIONS]]
        asked = [(q["q"], one_line(q["refs"][0])) for q in asked] + self._unanswered(random, shown, questions)
        return p.group(random, prompts, shown, [(question, answer, None) for question, answer in asked])

    @staticmethod
    def _elsewhere(random, units, around):
        """Up to two other stretches of the story, as a search finds them beside the right one."""
        others = []
        for _ in range(random.choice(3, p=[0.4, 0.3, 0.3])):
            start = int(random.integers(len(units)))
            if start + 4 <= around.start or start >= around.stop:
                others.append(one_line(" ".join(units[start:start + 4]))[:500])
        return others


class Condensed:
    """Sentences of a text, and what its summary makes of them."""

    def __init__(self, folder, part):
        records = [record for name in Summaries.FILES for record in load(folder, name, part)]
        pairs = [(record["text"], first_of(record["summary"])) for record in records]
        self.pairs = [pair for pair in pairs if 60 < len(pair[1]) and len(pair[0]) < 60_000]

    def make(self, random, prompts):
        text, summary = self.pairs[random.integers(len(self.pairs))]
        return _condensed(random, prompts, [unit for unit in sentences(text) if len(unit) > 40], summary)


class Focused:
    """QMSum and SQuALITY: what a text says about something."""

    def __init__(self, folder, part):
        self.records = [
            (sentences(record["text"]), record["questions"])
            for name in ("qmsum_train", "squality_v1.3_train") for record in load(folder, name, part) if record["questions"]]

    def make(self, random, prompts):
        units, questions = self.records[random.integers(len(self.records))]
        question = questions[random.integers(len(questions))]
        return _condensed(random, prompts, units, first_of(question["refs"]), question["q"])


def _condensed(random, prompts, units, summary, focus=None):
    made = condensed(random, units, summary, focus)
    if made is None:
        return None
    instruction, answer = made
    return prompts.opening(None), [(prompts.closing(instruction), prompts.answer(answer), SUMMARY_WEIGHT)]
