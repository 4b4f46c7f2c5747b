"""Scores of Google's rouge-score for some texts, into Tests/Fixtures/rouge.json.

    pip install rouge-score==0.1.2 && python make_rouge_golden.py
"""

import json
import random
from pathlib import Path

from rouge_score import rouge_scorer

PAIRS = [
    ("The cat sat on the mat.", "The cat was sitting on the mat."),
    ("Nothing here matches", "something else entirely"),
    ("", "an empty text"),
    ("It's 3.5 kg; don't_worry — naïve café", "its 3 5 kg don t worry naive cafe"),
    ("a b c d e f g", "g f e d c b a"),
    ("the the the the", "the cat the dog"),
]


def main():
    generator = random.Random(4)
    words = "queen king crown garden rose white red march hare tea time late watch cat grin".split()
    pairs = PAIRS + [
        tuple(" ".join(generator.choices(words, k=generator.randint(1, 40))) for _ in range(2)) for _ in range(20)]
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    rows = []
    for text, reference in pairs:
        scores = scorer.score(reference, text)
        rows.append({"text": text, "reference": reference, **{name: scores[name].fmeasure for name in scores}})
    path = Path(__file__).parents[1] / "Fixtures" / "rouge.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
