"""Checks of the rows of the stage `tune`. Runs with pytest or python."""

import numpy as np
import torch

import readings
from answers import PADDING
from test_training import folder_of_articles


def rows(**changes):
    weights = {"reading": 1.0}
    settings = dict(weights=weights, length=3000, seed=3, part="train", shortest=60, longest=300) | changes
    made = readings.ReadingRows.__new__(readings.ReadingRows)
    maker = readings.Readings.__new__(readings.Readings)
    maker.shortest, maker.longest, maker.stories = settings["shortest"], settings["longest"], []
    folder = folder_of_articles()
    articles = readings.load(folder, "squad_v1.1_train_articles", "train")
    maker.articles = [[q for q in a["paragraphs"] if q["context"].strip()] for a in articles]
    made.makers, made.share = [Without(maker)], np.array([1.0])
    made.prompts, made.length, made.seed = Bytes(), settings["length"], settings["seed"]
    return made


class Bytes:
    """Prompts whose tokens are bytes."""

    separator = 256

    def encode(self, text):
        return list(text.encode())

    opening = encode

    def opening_without_task(self):
        return self.encode("Read. ")

    def closed(self, question):
        return self.encode(question)

    def asked(self, question):
        return self.encode(question)

    def shown(self, passages):
        return self.encode("\n".join(passages))

    def answer(self, text):
        return self.encode(text) + [257]


class Without:
    """Readings of articles alone: the small folder has no stories."""

    def __init__(self, maker):
        self.maker = maker
        maker._story = maker._articles

    def make(self, random, prompts):
        return self.maker.make(random, prompts)


def test_a_row_is_a_document_and_questions_after_it():
    stream = rows()
    readings.LONGEST_BARE = readings.LONGEST_BRANCH = 400  # bytes, not tokens
    for position in range(6):
        ids, weights, code = stream.row(position)
        again = stream.row(position)
        assert all((a == b).all() for a, b in zip((ids, weights, code), again)), "a row is a function of its position"
        document = int((code == 0).sum())
        assert (code[:document] == 0).all() and weights[:document].sum() == 0
        branches = range(1, int(code.max()) + 1)
        assert 1 <= len(branches) <= readings.BRANCHES
        for branch in branches:
            marks = weights[code == branch]
            assert marks[-1] == 1 and marks[0] == 0, "an answer ends its branch and never begins it"
            assert (np.diff(marks) >= 0).all(), "nothing follows the answer"
            assert len(marks) <= readings.LONGEST_BRANCH
        assert (ids[code == PADDING] == stream.prompts.separator).all()


def test_parts_of_a_row_keep_their_tokens():
    stream = rows()
    ids, weights, code = (torch.from_numpy(part)[None] for part in stream.row(1))
    joined, marks, (document, count, length) = readings.parted(ids, weights, code)
    assert joined.shape[1] == document + count * length
    assert (joined[0, :document] == ids[0, code[0] == 0]).all()
    for branch in range(count):
        wanted = ids[0, code[0] == branch + 1]
        begin = document + branch * length
        assert (joined[0, begin:begin + len(wanted)] == wanted).all()
    assert marks.sum() == weights.sum()


def test_planted_facts_move_the_places_of_other_answers():
    for seed in range(20):
        random = np.random.default_rng(seed)
        paragraphs = [f"Paragraph {index} says {index * 7}." for index in range(5)]
        asked = [(f"What says {index}?", str(index * 7), index) for index in range(5)]
        readings.Readings._plant(random, paragraphs, asked)
        assert len(asked) > 5
        for _, answer, place in asked:
            assert answer in paragraphs[place]


def test_synopses_say_what_their_part_bears_out():
    part = "The pump of the mill was mended by Ada in May. Nobody paid her for it."
    summary = "## Summary\n\nAda mended the pump of the mill in May. The mill was sold to a duke of Spain in June."
    assert readings.Synopses.borne_out(summary, part) == ["Ada mended the pump of the mill in May."]
    assert readings.Synopses._cut("One two. Three four. Five", 12) == "One two."


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)
