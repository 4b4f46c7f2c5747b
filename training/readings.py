"""Rows for the stage `tune`: a document that is read once, and questions that are each asked after it.

A group is the opening and the document, and branches of it: a question, with or without passages
before it, and its short answer. So a document is encoded once for all that is asked about it, as
the reader does it. The other groups of a row are those of `answers.py`: passages alone.
"""

import numpy as np
import torch

import prompts as p
from answers import MOST_QUESTIONS, Condensed, Focused, Paragraphs, Row, Scenes
from tasks import load, one_line, sentences

BRANCHES = 20  # questions of a document, at most
ABSENT = 2.0  # questions of a document that it does not answer, on average
SHOWN = 0.25  # of the documents: passages stand before each question
MOST_SHOWN = 5  # questions of such a document: branches are padded to the longest
MISLEADING = 0.25  # of the questions with passages: none of them answers, though the document may
FOCUSED = 0.2  # of the documents: a question stands in the opening
CHARACTERS_A_TOKEN = 4.3
LONGEST_BARE = 72  # tokens of a question without passages, with its answer
LONGEST_BRANCH = 440  # tokens: a branch stays within the window, so none of it joins the linear part
NAMES = (
    "lantern harbour orchard granite willow copper meadow falcon ember thistle anchor velvet comet juniper saddle "
    "pepper marble otter canyon ribbon beacon clover raven summit tulip walnut glacier pilot amber cedar").split()
FACTS = (
    ("The code of the {0} room is {1}.", "What is the code of the {0} room?"),
    ("{1} is the number that belongs to the {0}.", "Which number belongs to the {0}?"),
    ("Anyone who asks for the {0} is told {1}.", "What is somebody told who asks for the {0}?"))


class Readings:
    """SQuAD's articles and FairytaleQA's stories as documents of `shortest` to `longest` tokens.

    Facts about made-up names stand between some paragraphs: what no training could have told.
    """

    def __init__(self, folder, part, shortest, longest):
        articles = load(folder, "squad_v1.1_train_articles", part)
        self.articles = [[q for q in a["paragraphs"] if q["context"].strip()] for a in articles]
        self.articles = [a for a in self.articles if sum(bool(q["qas"]) for q in a) > 3]
        self.stories = load(folder, "fairytaleqa_train", part)
        self.shortest, self.longest = shortest, longest

    def make(self, random, prompts):
        room = int(random.uniform(self.shortest, self.longest) * CHARACTERS_A_TOKEN)
        is_story = random.random() < 0.15
        paragraphs, asked = self._story(random, room) if is_story else self._articles(random, room)
        if random.random() < 0.4:
            self._plant(random, paragraphs, asked)
        asked = [asked[index] for index in random.permutation(len(asked))[:BRANCHES - 3]]
        asked += self._absent(random, paragraphs)
        asked = [asked[index] for index in random.permutation(len(asked))]
        if not asked:
            return None
        opening = prompts.opening(asked[0][0]) if random.random() < FOCUSED else prompts.opening_without_task()
        document = prompts.encode("\n\n".join(paragraphs))
        shows = random.random() < SHOWN
        branches = [self._branch(random, prompts, paragraphs, shows, *one) for one in asked[:MOST_SHOWN if shows else BRANCHES]]
        longest = LONGEST_BRANCH if shows else LONGEST_BARE
        return opening + document, [one for one in branches if len(one[0]) + len(one[1]) <= longest]

    def _articles(self, random, room):
        paragraphs, asked = [], []
        for article in random.permutation(len(self.articles))[:6]:
            parts = self.articles[article]
            start = int(random.integers(len(parts)))
            share = room * random.uniform(0.4, 1)
            used = 0
            for part in parts[start:]:
                size = len(part["context"])
                if sum(map(len, paragraphs)) + size > room or used > share:
                    break
                used += size
                text = part["context"]
                asked += [(one_line(qa["question"]), one_line(qa["answers"][0]), len(paragraphs)) for qa in part["qas"]]
                paragraphs.append(text)
            if sum(map(len, paragraphs)) > 0.85 * room:
                break
        return paragraphs, asked

    def _story(self, random, room):
        story = self.stories[random.integers(len(self.stories))]
        units = sentences(story["text"])
        paragraphs, used = [], 0
        for start in range(0, len(units), 6):
            text = " ".join(units[start:start + 6])
            if used + len(text) > room:
                break
            used += len(text)
            paragraphs.append(text)
        known = " ".join(paragraphs).lower()
        # Where in the story an answer stands is not recorded: only what it holds in the same words is asked.
        asked = [(q["q"], one_line(q["refs"][0]), None) for q in story["questions"] if q["refs"][0].lower().strip(" .") in known]
        return paragraphs, asked

    @staticmethod
    def _plant(random, paragraphs, asked):
        names = random.permutation(len(NAMES))[:int(random.integers(1, 5))]
        told, question = FACTS[random.integers(len(FACTS))]
        for name in names:
            number = str(int(random.integers(1000, 99999)))
            place = int(random.integers(len(paragraphs) + 1))
            paragraphs.insert(place, told.format(NAMES[name], number))
            for index, (q, a, at) in enumerate(asked):
                if at is not None and at >= place:
                    asked[index] = (q, a, at + 1)
            asked.append((question.format(NAMES[name]), number, place))

    def _absent(self, random, paragraphs):
        known = "\n".join(paragraphs).lower()
        found = []
        for _ in range(random.poisson(ABSENT)):
            parts = self.articles[random.integers(len(self.articles))]
            qas = parts[random.integers(len(parts))]["qas"]
            if qas:
                qa = qas[random.integers(len(qas))]
                if qa["answers"][0].lower() not in known:
                    found.append((one_line(qa["question"]), p.NOT_SAID, None))
        return found[:3]

    @staticmethod
    def _branch(random, prompts, paragraphs, shows, question, answer, place):
        reply = prompts.answer(answer)
        if not shows or len(paragraphs) < 2:
            return prompts.encode("\n\n") + prompts.closed(question), reply, 1
        others = [int(i) for i in random.permutation(len(paragraphs)) if i != place][:int(random.integers(1, 3))]
        chosen = others if place is None or random.random() < MISLEADING else others + [place]
        # In the document's order, as the reader shows what it has read.
        shown = [one_line(paragraphs[index])[:700] for index in sorted(chosen)]
        return prompts.shown(shown) + prompts.asked(question), reply, 1


class ReadingRows:
    """Rows (ids, weights, code) of one group each: code 0 is the document's, 1, 2, ... its branches', -1 padding."""

    def __init__(self, folder, prompts, weights, length, seed, part, shortest, longest):
        self.makers = []
        for name in weights:
            maker = Readings(folder, part, shortest, longest) if name == "reading" else {
                "squad": Paragraphs, "fairytale": Scenes, "summary": Condensed, "focus": Focused}[name](folder, part)
            if name != "reading":
                maker.several, maker.lookalikes, maker.alone = 0.0, 0.0, 0.3
            self.makers.append(maker)
        share = np.array(list(weights.values()), dtype=float)
        self.share, self.prompts, self.length, self.seed = share / share.sum(), prompts, length, seed

    def batch(self, position, count):
        rows = [self.row(position + index) for index in range(count)]
        return tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows))

    def row(self, position):
        random = np.random.default_rng([self.seed, 11, position])
        for _ in range(20):
            row = Row(self.length)
            maker = self.makers[random.choice(len(self.makers), p=self.share)]
            if row.add(maker.make(random, self.prompts)):
                return row.finish(self.prompts.separator)
        raise ValueError(f"no group fits into {self.length} tokens")


def parted(ids, weights, code):
    """One row as a document and padded branches.

    Returns ids [1, document + branches * length], weights alike, and (document, branches, length). Padding follows each
    branch, where nothing sees it.
    """
    ids, weights, code = ids[0], weights[0], code[0]
    document = int((code == 0).sum())
    branches = [(code == branch).nonzero()[:, 0] for branch in range(1, int(code.max()) + 1)]
    length = max(len(branch) for branch in branches)
    padded_ids = ids.new_zeros(len(branches), length)
    padded_weights = weights.new_zeros(len(branches), length)
    for row, places in enumerate(branches):
        padded_ids[row, :len(places)] = ids[places]
        padded_weights[row, :len(places)] = weights[places]
    joined = torch.cat([ids[:document], padded_ids.flatten()])[None]
    return joined, torch.cat([weights[:document], padded_weights.flatten()])[None], (document, len(branches), length)
