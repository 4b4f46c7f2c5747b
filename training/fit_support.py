"""Fits Sources/Reading/Support.swift: when is a question answered by the document?

    docproc model eval qa --data HELD_OUT ...     # of articles that training did not see
    python fit_support.py EVALUATIONS/qa-*.jsonl --refused 0.08

Logistic regression on the log of the words' support and the log odds of the model's refusal, and
the threshold at which the given share of the answerable questions is refused.
"""

import argparse
import json
from pathlib import Path

import numpy as np


def features(values):
    words = np.log(max(values["support_words"], 0.01))
    refusal = values["support_refusal"]
    return [1.0, words, np.log(max(refusal, 1e-4) / max(1 - refusal, 1e-4))]


def read(paths):
    items = [json.loads(line)["item"] for path in paths for line in Path(path).read_text().splitlines()]
    x = np.array([features(item["values"]) for item in items])
    return x, np.array(["f1" in item["values"] for item in items], dtype=float)


def fit(x, y, ridge=1e-3, rounds=50):
    """Newton's method; the answerable and the unanswerable count alike in sum."""
    weight = np.where(y == 1, 0.5 / max(y.sum(), 1), 0.5 / max((1 - y).sum(), 1)) * len(y)
    w = np.zeros(x.shape[1])
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (weight * (y - p)) - ridge * w
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(w))
        w += np.linalg.solve(hessian, gradient)
    return w


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", nargs="+")
    parser.add_argument("--refused", type=float, default=0.08, help="share of answerable questions that may be refused")
    parser.add_argument("--check", nargs="*", default=[], help="other items to apply it to")
    arguments = parser.parse_args()
    x, y = read(arguments.items)
    w = fit(x, y)
    threshold = np.quantile((x @ w)[y == 1], arguments.refused)
    print(f"constant {w[0]:.3f} words {w[1]:.3f} refusal {w[2]:.3f} threshold {threshold:.3f}")
    for name, paths in [("fitted on", arguments.items), *[(path, [path]) for path in arguments.check]]:
        x, y = read(paths)
        score = x @ w
        refused = (score <= threshold)
        print(f"{name}: {int(y.sum())} answerable, {refused[y == 1].mean():.3f} refused; {int((1 - y).sum())} not, {refused[y == 0].mean() if (y == 0).any() else float('nan'):.3f} recognised")
        for column, title in ((1, "words alone"), (2, "model alone")):
            single = x[:, column] * np.sign(w[column])
            if (y == 0).any():
                limit = np.quantile(single[y == 1], arguments.refused)
                print(f"   {title}: {(single[y == 0] <= limit).mean():.3f} recognised at the same share refused")


if __name__ == "__main__":
    main()
