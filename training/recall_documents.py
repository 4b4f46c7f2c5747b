"""Documents that check recall, with keys that training never saw."""

from recall_words import (
    FIRST, NOTE_ADJECTIVES, NOTE_ENDS, NOTE_NOUNS, NOTE_PLACES, NOTE_VERBS, SECOND, VALUES, is_held_out,
)


class Stream:
    """Numbers that any language can draw again: SplitMix64, of which the upper bits count."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return ((z ^ z >> 31) >> 33) % limit


def check_document(seed, tokens, pairs):
    """A document of about `tokens` tokens with keys that training never saw: text and (key, value) in order.

    Pairs stand at even depths: before every pair as many notes as reach its share of the tokens.
    """
    stream = Stream(seed)
    chosen, lines, facts, count = set(), [], [], 0
    for pair in range(pairs):
        while count < tokens * (pair + 0.5) / pairs:
            line, size = check_note(stream)
            lines.append(line)
            count += size
        while True:
            key = (stream.below(len(FIRST)), stream.below(len(SECOND)))
            if is_held_out(*key) and key not in chosen:
                break
        chosen.add(key)
        fact = (f"{FIRST[key[0]]} {SECOND[key[1]]}", VALUES[stream.below(len(VALUES))])
        facts.append(fact)
        lines.append(f"{fact[0]}: {fact[1]}.")
        count += 6
    while count < tokens:
        line, size = check_note(stream)
        lines.append(line)
        count += size
    return "\n".join(lines), facts


def check_note(stream):
    """A note and its tokens, the line break among them."""
    kind = stream.below(8)
    pick = lambda words: words[stream.below(len(words))]
    words = ["note:", "the"] + ([pick(NOTE_ADJECTIVES)] if kind & 1 else [])
    words += [pick(NOTE_NOUNS), pick(NOTE_VERBS), pick(NOTE_PLACES), "the"]
    words += [pick(NOTE_ADJECTIVES)] if kind & 2 else []
    words += [pick(NOTE_NOUNS)] + ([pick(NOTE_ENDS)] if kind & 4 else [])
    return " ".join(words) + ".", len(words) + 2


QUESTIONS = 50  # of each length
DOCUMENTS = {1024: 2, 16384: 2, 131072: 1}  # that many hold the questions together
PAIRS = 50


def check_documents(length):
    """Seeds of a length's documents."""
    return [1000 * length + number for number in range(DOCUMENTS.get(length, 1))]


def asked(facts, documents, questions=QUESTIONS):
    """The facts that are asked for when so many documents share the questions."""
    return facts[:: len(facts) * documents // questions]


def digest(text):
    """FNV-1a of 64 bits, as hexadecimal digits."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def questions_file():
    """How the documents of the check are made, and their questions; the shortest one is there in full."""
    documents = []
    for length, count in DOCUMENTS.items():
        for seed in check_documents(length):
            text, facts = check_document(seed, length, PAIRS)
            documents.append({"tokens": length, "seed": seed, "bytes": len(text.encode()), "fnv1a64": digest(text),
                              "questions": [[f"What is {key}?", value] for key, value in asked(facts, count)]})
    words = {"first": FIRST, "second": SECOND, "values": VALUES, "noteAdjectives": NOTE_ADJECTIVES,
             "noteNouns": NOTE_NOUNS, "noteVerbs": NOTE_VERBS, "notePlaces": NOTE_PLACES, "noteEnds": NOTE_ENDS}
    return {
        "generator": [
            "below(n): state += 0x9E3779B97F4A7C15; z = state; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;",
            "z = (z ^ z >> 27) * 0x94D049BB133111EB; z ^= z >> 31; the result is (z >> 33) % n. 64 bits, wrapping.",
            "The state begins as the seed. pick(list) is list[below(list.count)].",
            "A note: kind = below(8); 'note: the', pick(noteAdjectives) if kind & 1, pick(noteNouns), pick(noteVerbs),",
            "pick(notePlaces), 'the', pick(noteAdjectives) if kind & 2, pick(noteNouns), pick(noteEnds) if kind & 4;",
            "joined by spaces, then '.'. Its tokens: the words ('note:' is one) and 2.",
            "A document: for each pair p of `pairs`: while count < tokens * (p + 0.5) / pairs: a note, count += its",
            "tokens. Then first = below(64), second = below(64), again until (first + second) % 4 == 0 and the two",
            "were not drawn before. Then the line 'FIRST SECOND: VALUE.' with pick(values), count += 6.",
            "After the last pair: notes while count < tokens. Lines are joined by line breaks; none at the end.",
        ],
        "pairs": PAIRS, "words": words, "documents": documents,
        "firstDocument": check_document(check_documents(1024)[0], 1024, PAIRS)[0].split("\n"),
    }
