"""Makes SQuAD 2.0's unanswerable questions of training articles usable beside SQuAD 1.1's.

    python twins.py --answerable train-answerable-questions.txt --unanswerable train-unanswerable-questions.txt --pairs $P

The files are those of Zhu et al., "Learning to Ask Unanswerable Questions" (arXiv 1906.06045): line by
line a question of SQuAD's and the one that a person wrote after it, for the same paragraph, which does
not answer it (id, question, two places, between tabs; in small letters, tokens between spaces). Each is
found again among SQuAD 1.1's training articles, by its letters and digits, and both are written with
their capitals and without the spaces, as far as the articles tell. Written to $P: squad_v2_twins.jsonl.zst.
Questions of articles that are not in the training split are not found, and left out.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import zstandard

from data import find, read_lines, refuse_evaluation

NAME = "squad_v2_twins"
WORD = re.compile(r"[^\W\d_]+")
JOINED = [
    (r"`` ", '"'), (r" ''", '"'), (r" ([,.;:?!%)\]])", r"\1"), (r"([(\[$£€#]) ", r"\1"), (r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1"),
    (r"s '(?= )", "s'"), (r"(?<=\d), (?=\d{3}\b)", ","), (r"(?<=\w) (-|–|/) (?=\w)", r"\1"), (r"(?<=\d)\. (?=\d)", ".")]


def key(question):
    """What is left of a question whatever its capitals, spaces and marks."""
    return "".join(letter for letter in question.lower() if letter.isalnum())


def joined(tokens):
    """Without the spaces that stand between a tokenizer's tokens only."""
    for pattern, replacement in JOINED:
        tokens = re.sub(pattern, replacement, tokens)
    return tokens


def spellings(texts):
    """{small letters: how the word is most often spelt}; a sentence's first word says nothing."""
    counts = defaultdict(Counter)
    for text in texts:
        for found in WORD.finditer(text):
            before = text[:found.start()].rstrip(" \"'(")[-1:]
            if before and before not in ".?!":
                counts[found.group().lower()][found.group()] += 1
    return {word: spelt.most_common(1)[0][0] for word, spelt in counts.items()}


def capitalized(text, near, everywhere):
    """Each word as the paragraph spells it, else as the articles do; the first with a capital."""
    text = WORD.sub(lambda found: near.get(found.group(), everywhere.get(found.group(), found.group())), text)
    return text[:1].upper() + text[1:]


def questions(path):
    refuse_evaluation(path)
    rows = [line.split("\t") for line in path.read_text().split("\n") if line]
    if not rows or any(len(row) < 2 for row in rows):
        raise SystemExit(f"{path} is not lines of an id, a tab and a question: take {path.name} as the authors published it")
    return [row[1] for row in rows]


def twins(articles, answerable, unanswerable):
    """[{question, answerable, unanswerable}]: SQuAD 1.1's own spelling, and both as restored."""
    places = {key(qa["question"]): (qa["question"], paragraph["context"]) for a in articles for paragraph in a["paragraphs"] for qa in paragraph["qas"]}
    everywhere, found = spellings(paragraph["context"] for a in articles for paragraph in a["paragraphs"]), []
    for one, other in zip(answerable, unanswerable, strict=True):
        if key(one) in places:
            question, context = places[key(one)]
            near = spellings([context])
            restored = [capitalized(joined(text.strip()), near, everywhere) for text in (one, other)]
            found.append({"question": question, "answerable": restored[0], "unanswerable": restored[1]})
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answerable", required=True, type=Path)
    parser.add_argument("--unanswerable", required=True, type=Path)
    parser.add_argument("--pairs", required=True, type=Path, help="where squad_v1.1_train_articles.jsonl.zst is")
    arguments = parser.parse_args()
    articles = list(read_lines(find(arguments.pairs, "squad_v1.1_train_articles")))
    asked, changed = questions(arguments.answerable), questions(arguments.unanswerable)
    if len(asked) != len(changed):
        raise SystemExit(f"{arguments.answerable} has {len(asked)} questions and {arguments.unanswerable} {len(changed)}: they belong together line by line")
    found = twins(articles, asked, changed)
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in found)
    (arguments.pairs / f"{NAME}.jsonl.zst").write_bytes(zstandard.compress(text.encode()))
    print(f"{len(found)} of {len(asked)} pairs found in {len(articles)} articles")


if __name__ == "__main__":
    main()
