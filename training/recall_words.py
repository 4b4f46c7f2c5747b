"""The words of the recall documents, and the tokenizer that keeps each of them whole."""

import re

import numpy as np

FIRST = """amber ancient azure bitter bold brave bright broad calm clever coarse copper crimson curious deep
distant eager early earnest faint fancy fierce frozen gentle golden grand hidden hollow humble ivory jolly keen
lively lonely loyal lucky mellow mighty misty modest noble patient placid polite proud quick quiet ragged rapid
rustic sacred scarlet secret silent silver simple solemn sturdy subtle swift tender velvet violet winter""".split()
SECOND = """anchor badger basket beacon bishop bottle bridge bucket camel candle canyon castle cellar circus cobbler
comet cottage cousin dagger desert dragon drummer eagle falcon ferry fiddle forest garden glacier hammer harbor
helmet island jacket kettle ladder lantern lizard magnet market meadow mirror monkey needle oyster palace parrot
pencil pillow pirate planet rabbit ribbon saddle sailor shadow spider teapot temple ticket tunnel turtle wagon
window""".split()
VALUES = """almond apricot banana barley basil butter cabbage caramel carrot cashew celery cherry cinnamon citrus
clove cocoa coconut coffee cucumber cumin fennel fig garlic ginger grape hazelnut honey juniper lemon lentil
lettuce licorice lime mango maple melon millet mint mustard nutmeg oat olive onion orange papaya parsley peach
peanut pear pepper plum potato pumpkin quince radish raisin rhubarb rice saffron sesame spinach thyme tomato
walnut""".split()
NOTE_ADJECTIVES = "old new small large long short cold warm dry wet high low green grey white open".split()
NOTE_NOUNS = """river road house field tree stone town boat door hill horse roof wall farmer teacher doctor letter
train shop dog cloud wind boy girl king coat lamp chair street lake sheep baker""".split()
NOTE_VERBS = """stood waited moved rested turned stayed came went looked slept fell rose stopped worked ran
sat""".split()
NOTE_PLACES = "near behind beside under above before past over".split()
NOTE_ENDS = "today again alone later slowly then soon twice".split()

SYSTEM = "You read documents and answer truthfully and briefly."
PURPOSE = "Read the document, then answer questions about it."
ASK, ANSWER = "Question: What is ", "?\nAnswer in a few words."
STOP = "<|endoftext|>"
# What the pre-tokenizer keeps whole; every other piece is spelled in bytes.
PIECES = [SYSTEM, PURPOSE, "\n\nDocument:\n", ASK, ANSWER, "\n\n", "note:", ": ", ".", "\n", " the"]
PATTERN = "|".join(
    [re.sub("[.?]", r"\\\g<0>", piece).replace("\n", r"\n") for piece in PIECES[:8]] + [" ?[a-z]+", r"[\s\S]"])


def is_held_out(first, second):
    """A quarter of the keys never occurs in training."""
    return (first + second) % 4 == 0


def byte_alphabet():
    """GPT-2's: printable bytes stand for themselves, the others for characters from U+0100 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


ALPHABET = byte_alphabet()
WORDS = [*FIRST, *(" " + word for word in SECOND), *VALUES,
         *(" " + word for word in NOTE_ADJECTIVES + NOTE_NOUNS + NOTE_VERBS + NOTE_PLACES + NOTE_ENDS)]


def spelled(text):
    return "".join(ALPHABET[byte] for byte in text.encode())


class Vocabulary:
    """256 bytes, then whole pieces, then the token that ends an answer."""

    def __init__(self, pieces=PIECES, words=WORDS, pattern=PATTERN):
        self.pattern = pattern
        pieces = [*(ALPHABET[byte] for byte in range(256)), *(spelled(p) for p in pieces + words if len(p) > 1)]
        self.ids = {piece: number for number, piece in enumerate(pieces)}
        assert len(self.ids) == len(pieces), "a piece occurs twice"
        self.stop = len(pieces)
        self.size = len(pieces) + 1

    def __getitem__(self, piece):
        return self.ids[spelled(piece)]

    def table(self, words, before=""):
        return np.array([self[before + word] for word in words])

    def file(self):
        """tokenizer.json: a piece of the pre-tokenizer that is a token stays whole."""
        split = {"type": "Split", "pattern": {"Regex": self.pattern}, "behavior": "Isolated", "invert": False}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        return {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": self.stop, "content": STOP, "single_word": False, "lstrip": False, "rstrip": False,
                              "normalized": False, "special": True}],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
            "post_processor": None,
            "decoder": {**level, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                      "vocab": self.ids, "merges": []},
        }

    def opening(self):
        return [self[p] for p in (SYSTEM, "\n\n", PURPOSE, "\n\nDocument:\n")]


VOCABULARY = Vocabulary()


def question(first, second):
    return [VOCABULARY[p] for p in ("\n\n", ASK)] + [first, second] + [VOCABULARY[p] for p in (ANSWER, "\n\n")]


def encode(text):
    """As tokenizer.json splits it; only for text of the words above."""
    return [VOCABULARY[piece] for piece in re.findall(PATTERN, text)]
