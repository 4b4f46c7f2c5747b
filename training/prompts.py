"""Prompts as the reader builds them (Sources/Answering/Prompts/PromptFormat.swift).

Piece by piece, each encoded on its own, so that token boundaries are the same. Control tokens
are placed by id; in text they are only text.
"""

from pathlib import Path

from tokenizers import Tokenizer

SYSTEM = "You read documents and answer truthfully and briefly."
# What a model answers when the passages do not say.
NOT_SAID = "Not in the document."
KNOWN = 0.5  # of groups: a question is named before what is read


class Prompts:
    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.tokenizer.encode_special_tokens = True
        self.start, self.end, self.separator = (
            self.tokenizer.token_to_id(token) for token in ("<|im_start|>", "<|im_end|>", "<|endoftext|>"))

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def turn(self, role):
        return [self.start] + self.encode(f"{role}\n")

    def turn_end(self):
        return [self.end] + self.encode("\n")

    def opening(self, question=None):
        """What stands before the document. Without a question the task is to summarize."""
        purpose = "Read the document, then summarize it."
        if question is not None:
            purpose = f"Read the document, then answer this question about it: {question}"
        start = self.turn("system") + self.encode(SYSTEM) + self.turn_end()
        return start + self.turn("user") + self.encode(f"{purpose}\n\nDocument:\n")

    def opening_without_task(self):
        """For a document that is to be asked about later."""
        start = self.turn("system") + self.encode(SYSTEM) + self.turn_end()
        return start + self.turn("user") + self.encode("Read the document, then answer questions about it.\n\nDocument:\n")

    def shown(self, passages):
        """Passages, the best one last, next to the question."""
        return self.encode("\n\nPassages from the document:\n" + "\n".join(passages))

    def asked(self, question, again=None):
        """The question after passages, and before it a sentence of theirs `again`."""
        between = self.encode("\n\n" if again is None else f"\n{again}\n\n")
        return between + self.encode(f"Question: {question}\nAnswer in a few words, from the passages.") + self.turn_end() + self.turn("assistant")

    def closed(self, question):
        """The question where nothing is shown again: the reading alone answers."""
        return self.encode(f"Question: {question}\nAnswer in a few words.") + self.turn_end() + self.turn("assistant")

    def closing(self, instruction):
        return self.encode("\n\n" + instruction) + self.turn_end() + self.turn("assistant")

    def answer(self, text):
        return self.encode(text) + [self.end]


def group(random, prompts, passages, asked, always_named=False):
    """A beginning and the branches of `asked`, [(question, answer, again)] in random order.

    Half of the beginnings, or all that are `always_named`, name a question, as when it is known before the reading: the one that is
    asked first, whether the passages answer it or not, lest being named says that they do.
    """
    asked = [asked[index] for index in random.permutation(len(asked))]
    opening = prompts.opening(asked[0][0]) if always_named or random.random() < KNOWN else prompts.opening_without_task()
    return opening + prompts.shown(passages), [(prompts.asked(question, again), prompts.answer(answer), 1) for question, answer, again in asked]


def from_passages(question, passages):
    """The best passage stands last, next to the question."""
    joined = "\n".join(passages)
    return f"Passages from the document:\n{joined}\n\nQuestion: {question}\nAnswer in a few words, from the passages."


def from_memory(question):
    return f"Question: {question}\nAnswer in a few words."


def from_memory_at_length(question):
    return f"Question: {question}\nAnswer in a few sentences."


def for_quote(question):
    return f"Question: {question}\nQuote the sentence of the document that answers it."


def from_sentences(sentences, focus=None):
    joined = "\n".join(f"- {sentence}" for sentence in sentences)
    wanted = "them" if focus is None else "what they say about this"
    question = "" if focus is None else f"Question: {focus}\n"
    return f"Sentences from the document, in order:\n{joined}\n\n{question}Summarize {wanted} in one or two sentences."


def from_reading():
    return "Summarize what happens in the document in three or four sentences."


def synopsis():
    """At a part's end: the reading goes on after the fork that this is asked on."""
    return "Summarize this part of the document in two or three sentences."
