"""Rows for the stage `tune`: a document that is read once, and questions that are each asked after it.

A group is the opening and the document, and branches of it: a question, with or without passages
before it, and its short answer. So a document is encoded once for all that is asked about it, as
the reader does it. The other groups of a row are those of `answers.py`: passages alone.
"""

import numpy as np
import torch

import prompts as p
from answers import MOST_QUESTIONS, Condensed, Focused, Paragraphs, Row, Scenes
from tasks import Summaries, first_of, load, one_line, sentences, words

BRANCHES = 20  # questions of a document, at most
ABSENT = 2.0  # questions of a document that it does not answer, on average
SHOWN = 0.25  # of the documents: passages stand before each question
MOST_SHOWN = 5  # questions of such a document: branches are padded to the longest
MISLEADING = 0.25  # of the questions with passages: none of them answers, though the document may
FOCUSED = 0.2  # of the documents: a question stands in the opening
CHARACTERS_A_TOKEN = 4.3
LONGEST_BARE = 72  # tokens of a question without passages, with its answer
LONGEST_BRANCH = 440  # tokens: a branch stays within the window, so none of it joins the linear part
LATE = 0.5  # of the synopses: another text's end stands before the part
TOLD_SHARE = 0.75  # of a summary's sentence: content words that the part has, at least
LONGEST_SYNOPSIS = 3  # sentences
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


class Synopses:
    """Sections and specifications as parts of a document, and what their summaries say of them.

    A part is a text's beginning where all of it is too long: only sentences that it bears out are told.
    """

    def __init__(self, folder, part, shortest, longest):
        records = [record for name in Summaries.FILES[:2] for record in load(folder, name, part)]
        pairs = [(record["text"], first_of(record["summary"])) for record in records]
        self.pairs = [(text, summary) for text, summary in pairs if len(text) > shortest * CHARACTERS_A_TOKEN]
        self.shortest, self.longest = shortest, longest

    def make(self, random, prompts):
        room = int(random.uniform(self.shortest, self.longest) * CHARACTERS_A_TOKEN)
        late = random.random() < LATE
        text, summary = self.pairs[random.integers(len(self.pairs))]
        part = self._cut(text, int(room * random.uniform(0.5, 0.9)) if late else room)
        told = self.borne_out(summary, part)
        if not told:
            return None
        document = part
        if late:
            before, _ = self.pairs[random.integers(len(self.pairs))]
            document = before[-(room - len(part)):].partition(" ")[2] + "\n\n" + part
        opening = prompts.opening() if random.random() < 0.5 else prompts.opening_without_task()
        wanted = prompts.closing(p.synopsis())
        return opening + prompts.encode(document), [(wanted, prompts.answer(" ".join(told)), 1)]

    @staticmethod
    def _cut(text, room):
        """The text's beginning, in whole sentences."""
        return text if len(text) <= room else text[:text.rfind(". ", 0, room) + 1]

    @staticmethod
    def borne_out(summary, part):
        """The summary's first sentences whose words the part has."""
        known, told = words(part), []
        for sentence in sentences(summary):
            wanted = words(sentence)
            if not sentence.startswith("#") and len(wanted) > 3 and len(wanted & known) >= TOLD_SHARE * len(wanted):
                told.append(one_line(sentence))
        return told[:LONGEST_SYNOPSIS]


class ReadingRows:
    """Rows (ids, weights, code) of one group each: code 0 is the document's, 1, 2, ... its branches', -1 padding."""

    def __init__(self, folder, prompts, weights, length, seed, part, shortest, longest):
        self.makers = []
        for name in weights:
            self.makers.append(self._maker(name, folder, part, shortest, longest))
        share = np.array(list(weights.values()), dtype=float)
        self.share, self.prompts, self.length, self.seed = share / share.sum(), prompts, length, seed

    @staticmethod
    def _maker(name, folder, part, shortest, longest):
        if name in ("reading", "synopsis"):
            return {"reading": Readings, "synopsis": Synopses}[name](folder, part, shortest, longest)
        maker = {"squad": Paragraphs, "fairytale": Scenes, "summary": Condensed, "focus": Focused}[name](folder, part)
        maker.several, maker.lookalikes, maker.alone = 0.0, 0.0, 0.3
        return maker

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
