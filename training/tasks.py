"""Reading tasks over documents that are joined from records: questions, quotes, summaries.

A row is a pure function of (seed, position). Documents are made longer than their record by
putting others around it, so that what is asked for lies far back, among distractors.
"""

import re

import numpy as np

import prompts as p
from data import find, read_lines

CHARACTERS_A_TOKEN = 4.0  # on the low side: what turns out too long is drawn again
OVERHEAD = 120  # tokens of a prompt around document, passages and question
ABSENT_SHARE = 0.2  # of questions: asked of a document that does not answer them
FORMS, FORM_SHARES = ("passages", "memory", "quote"), (0.5, 0.35, 0.15)
LONGEST_TOLD = 400  # characters of a sentence that is condensed, or of one that says what others do
LONGEST_SUMMARY = 900  # characters; the instruction asks for three or four sentences
COMMON = set(
    "a an and are as at be by did do does for from had has have he her his how in is it its of on or she that the their they "
    "this to was were what when where which who whom whose why will with".split())


# After these a stop ends no sentence (Sources/Retrieval/Text/TextUnits.swift).
ABBREVIATIONS = set(
    "mr mrs ms dr st prof rev hon gen col capt lt sgt mt no vol fig vs etc e.g i.e cf al jr sr inc ltd co pp ch ed".split())
SENTENCE_END = re.compile(r"(?P<mark>[.!?])[\"')\]”’]*(?=\s+[^a-z\s])|\n\s*\n")


def sentences(text):
    """As the reader splits them: marks that close a sentence stay with it, abbreviations go on."""
    parts, start = [], 0
    for found in SENTENCE_END.finditer(text):
        if found["mark"] != "." or not _is_abbreviation(text[start:found.start()]):
            parts.append(text[start:found.end()])
            start = found.end()
    return [part.strip() for part in parts + [text[start:]] if part.strip()]


def _is_abbreviation(before):
    word = re.search(r"[^\s(]*$", before[-40:])[0].lower()
    return len(word) == 1 and word != "i" or word in ABBREVIATIONS


def one_line(text):
    return " ".join(text.split())


def finished(answer):
    """As a sentence: a capital first, a stop last."""
    answer = one_line(answer)
    return answer[:1].upper() + answer[1:] + ("" if answer[-1:] in ".!?\"'" else ".")


def words(text):
    return {word for word in re.findall(r"\w+", text.lower()) if word not in COMMON}


def ranked(query, units):
    """Units that share rare words with the query, best first."""
    return ranked_sets(query, [words(unit) for unit in units])


def ranked_sets(query, sets):
    """The same, of units whose words are known."""
    wanted = words(query)
    counts = {word: sum(word in unit for unit in sets) for word in wanted}
    scores = [sum(np.log(1 + len(sets) / counts[word]) for word in wanted & unit) for unit in sets]
    return [index for index in np.argsort(scores, kind="stable")[::-1] if scores[index] > 0]


def passages(query, units, gold=None, count=3):
    """The best units with their neighbours, the best last, as the reader shows them."""
    chosen = []
    for index in ranked(query, units):
        if len(chosen) < count and all(abs(index - other) > 1 for other in chosen):
            chosen.append(int(index))
    if gold is not None and all(abs(gold - index) > 1 for index in chosen):
        chosen = chosen[:count - 1] + [gold]
    return [one_line(" ".join(units[max(0, index - 1):index + 2])) for index in reversed(chosen)]


def load(folder, name, part):
    """A file's records; every fiftieth is held out."""
    records = list(read_lines(find(folder, name)))
    return records[::50] if part == "held" else [record for index, record in enumerate(records) if index % 50]


class Tasks:
    """Rows of `length` tokens, filled with whole examples; weight 1 on the answers' tokens.

    With `answers_only` False every token of an example has weight 1: for imitating a teacher.
    """

    def __init__(self, folder, prompts, weights, length, seed, part="train", answers_only=True):
        self.prompts, self.length, self.seed, self.answers_only = prompts, length, seed, answers_only
        makers = {"squad": Articles, "fairytale": Stories, "medquad": Passages, "summary": Summaries, "query": Queries}
        self.makers = [makers[name](folder, part) for name in weights]
        share = np.array(list(weights.values()), dtype=float)
        self.share = share / share.sum()

    def __getitem__(self, position):
        random = np.random.default_rng([self.seed, 5, position])
        ids, weights, misses = [], [], 0
        while misses < 4 and self.length - len(ids) > 2 * OVERHEAD:
            example = self._example(random, self.length - len(ids))
            misses += example is None
            if example is not None:
                ids, weights = ids + example[0], weights + example[1]
        rest = self.length - len(ids)
        ids, weights = ids + rest * [self.prompts.separator], weights + rest * [0]
        return np.array(ids, dtype=np.int64), np.array(weights, dtype=np.float32)

    def _example(self, random, budget):
        maker = self.makers[random.choice(len(self.makers), p=self.share)]
        made = maker.make(random, int((budget - OVERHEAD) * CHARACTERS_A_TOKEN))
        if made is None:
            return None
        question, document, instruction, answer = made
        prompt = self.prompts.opening(question) + self.prompts.encode(document) + self.prompts.closing(instruction)
        reply = self.prompts.answer(answer)
        if len(prompt) + len(reply) > budget:
            return None
        known = 0 if self.answers_only else 1
        return prompt + reply, [known] * len(prompt) + [1] * len(reply)


class Articles:
    """SQuAD: a question about one of several joined articles."""

    def __init__(self, folder, part):
        self.articles = [a for a in load(folder, "squad_v1.1_train_articles", part) if any(q["qas"] for q in a["paragraphs"])]

    def make(self, random, room):
        room = int(room * random.uniform(0.3, 0.8))  # the rest is for passages
        target = int(random.integers(len(self.articles)))
        paragraphs = self.articles[target]["paragraphs"]
        asked = int(random.choice([index for index, part in enumerate(paragraphs) if part["qas"]]))
        qa = paragraphs[asked]["qas"][random.integers(len(paragraphs[asked]["qas"]))]
        question, answer = qa["question"], qa["answers"][0]
        if random.random() < ABSENT_SHARE:
            return self._absent(random, target, room, question, answer)
        run = self._run(target, asked, random, room // 2)
        document, units = _joined(random, [run] + self._distractors(random, target, room - sum(map(len, run))))
        gold = _holding(units, sentences(paragraphs[asked]["context"]), answer)
        if len(document) > 1.2 * room or gold is None:
            return None
        return _asked(random, question, document, units, gold, answer)

    def _absent(self, random, target, room, question, answer):
        """Half of the time from the right article, without the part that answers."""
        runs = self._distractors(random, target, room // 2)
        if random.random() < 0.5:
            runs.append(self._run(target, None, random, room // 2))
        document, units = _joined(random, runs)
        if not 0 < len(document) < 1.2 * room or answer.lower() in document.lower():
            return None
        return _asked(random, question, document, units, None, p.NOT_SAID)

    def _run(self, article, around, random, room):
        """Consecutive paragraphs of an article, as many as fit."""
        texts = [part["context"] for part in self.articles[article]["paragraphs"]]
        first = int(random.integers(len(texts))) if around is None else int(around)
        last, size = first, len(texts[first])
        while True:
            grow_back = first > 0 and (last + 1 == len(texts) or random.random() < 0.5)
            index = first - 1 if grow_back else last + 1
            if index >= len(texts) or size + len(texts[index]) > room:
                return texts[first:last + 1]
            first, last, size = min(first, index), max(last, index), size + len(texts[index])

    def _distractors(self, random, target, room):
        runs = []
        while room > 1000:
            article = int(random.integers(len(self.articles)))
            if article != target:
                runs.append(self._run(article, None, random, min(room, int(random.uniform(1000, 6000)))))
                room -= sum(map(len, runs[-1]))
        return runs


class Stories:
    """FairytaleQA: a question about a story, or about another one."""

    def __init__(self, folder, part):
        self.stories = [story for story in load(folder, "fairytaleqa_train", part) if story["questions"]]

    def make(self, random, room):
        fitting = [index for index, story in enumerate(self.stories) if len(story["text"]) < 0.8 * room]
        if len(fitting) < 2:
            return None
        shown, other = random.choice(fitting, 2, replace=False)
        absent = random.random() < ABSENT_SHARE
        questions = self.stories[other if absent else shown]["questions"]
        question = questions[random.integers(len(questions))]
        text, answer = self.stories[shown]["text"], p.NOT_SAID if absent else question["refs"][0]
        units = sentences(text)
        best = [] if absent else ranked(question["q"] + " " + answer, units)
        return _asked(random, question["q"], text, units, int(best[0]) if best else None, answer, quotes=False)


class Passages:
    """MedQuAD: a passage that answers, among passages about other things."""

    LONGEST = 3000  # characters

    def __init__(self, folder, part):
        self.records = [record for record in load(folder, "medquad", part) if 200 < len(record["text"]) < self.LONGEST]

    def make(self, random, room):
        room = int(room * random.uniform(0.3, 0.85))
        target = self.records[random.integers(len(self.records))]
        absent = random.random() < ABSENT_SHARE
        shown = [] if absent else [target["text"]]
        while sum(map(len, shown)) + self.LONGEST < room:
            other = self.records[random.integers(len(self.records))]
            if other["focus"] != target["focus"]:
                shown.append(other["text"])
        if not shown or sum(map(len, shown)) > room:
            return None
        random.shuffle(shown)
        answer = p.NOT_SAID if absent else _shortened(target["text"], 2)
        return target["question"], "\n\n".join(shown), p.from_memory_at_length(target["question"]), answer


class Summaries:
    """Sections, specifications, papers and abstracts with their summaries."""

    FILES = ("openstax_section_summaries", "spec_abstract_pairs", "scisummnet_train", "scitldr_A_train")

    def __init__(self, folder, part):
        records = [record for name in self.FILES for record in load(folder, name, part)]
        pairs = [(record["text"], _shortened(first_of(record["summary"]))) for record in records]
        self.pairs = sorted((pair for pair in pairs if 40 < len(pair[1]) < LONGEST_SUMMARY), key=lambda pair: len(pair[0]))
        self.sizes = np.array([len(text) for text, _ in self.pairs])

    def make(self, random, room):
        count = int(np.searchsorted(self.sizes, 0.75 * room))
        if count == 0:
            return None
        # Texts that fill the room are preferred: short ones teach little about memory.
        text, summary = self.pairs[int(count * random.random() ** 0.3)]
        if random.random() < 0.5:
            return None, text, p.from_reading(), summary
        made = condensed(random, sentences(text), summary)
        return None if made is None else (None, text, *made)


class Queries:
    """QMSum and SQuALITY: longer answers about meetings and stories."""

    def __init__(self, folder, part):
        records = [record for name in ("qmsum_train", "squality_v1.3_train") for record in load(folder, name, part)]
        self.records = sorted((record for record in records if record["questions"]), key=lambda record: len(record["text"]))
        self.sizes = np.array([len(record["text"]) for record in self.records])

    def make(self, random, room):
        count = int(np.searchsorted(self.sizes, 0.85 * room))
        if count == 0:
            return None
        record = self.records[random.integers(count)]
        question = record["questions"][random.integers(len(record["questions"]))]
        answer = _shortened(first_of(question["refs"]))
        return question["q"], record["text"], p.from_memory_at_length(question["q"]), answer


def condensed(random, units, summary, focus=None):
    """A wish to condense sentences of a text that say what a part of its summary says, and that part.

    Only what is shown is to be told, lest the model learns to invent. None where too little is shared.
    """
    told = [one_line(sentence) for sentence in sentences(summary) if not sentence.startswith("#")]
    told = [sentence for sentence in told if 30 < len(sentence) < LONGEST_TOLD]
    if not told:
        return None
    first = int(random.integers(len(told)))
    part = " ".join(told[first:first + int(random.integers(1, 3))])
    query = part if focus is None or random.random() < 0.5 else f"{focus} {part}"
    best = sorted(int(index) for index in ranked(query, units)[:int(random.integers(2, 5))])
    if len(best) < 2:
        return None
    return p.from_sentences([one_line(units[index])[:LONGEST_TOLD] for index in best], focus), part


def _joined(random, runs):
    """Document and units of runs of paragraphs, in random order."""
    random.shuffle(runs)
    return "\n\n".join("\n\n".join(run) for run in runs), [unit for run in runs for text in run for unit in sentences(text)]


def _asked(random, question, document, units, gold, answer, quotes=True):
    """(question, document, instruction, answer) in one of the forms."""
    form = random.choice(FORMS, p=FORM_SHARES)
    if form == "quote" and (not quotes or gold is None):
        form = "memory"
    if form == "quote":
        return question, document, p.for_quote(question), one_line(units[gold])
    shown = passages(question, units, gold) if form == "passages" else []
    instruction = p.from_passages(question, shown) if shown else p.from_memory(question)
    return question, document, instruction, finished(answer)


def _holding(units, own, answer):
    """The unit of the document that is the record's own sentence with the answer."""
    for sentence in own:
        if answer.lower() in sentence.lower() and sentence in units:
            return units.index(sentence)
    return None


def first_of(value):
    """Answers come as text, as lists, and as lists of lists."""
    while isinstance(value, list):
        value = value[0]
    return value


def _shortened(text, count=4):
    """What can be said in the sentences that the instruction asks for."""
    return one_line(" ".join(sentences(text)[:count]))
