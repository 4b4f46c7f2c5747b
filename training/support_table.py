"""What a threshold of Sources/Reading/Support.swift would refuse, of the answerable and of the others.

    docproc model eval qa --data HELD_OUT ...     # of articles that training did not see; or books
    python support_table.py EVALUATIONS/qa-*.jsonl

A question is refused where log(words) + spread - logit(refusal) is at most the threshold.
"""

import argparse
import json
import math
from pathlib import Path

WORDS_WEIGHT = 1.0
SPREAD_WEIGHT = 1.0
THRESHOLDS = [step / 4 for step in range(-8, 17)]


def evidence(values):
    """As Support.evidence."""
    refusal = values["support_refusal"]
    told = WORDS_WEIGHT * math.log(max(values["support_words"], 0.01)) + SPREAD_WEIGHT * values["support_spread"]
    return told - math.log(max(refusal, 1e-4) / max(1 - refusal, 1e-4))


def refused(items, threshold, answerable):
    wanted = [item["values"] for item in items if ("f1" in item["values"]) == answerable]
    return sum(evidence(values) <= threshold for values in wanted) / max(len(wanted), 1), len(wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", nargs="+", type=Path)
    items = []
    for path in parser.parse_args().items:
        added = [json.loads(line)["item"] for line in path.read_text().splitlines()]
        if any("support_spread" not in item["values"] for item in added):
            parser.error(f"{path} is not of this reader's qa or books suite: evaluate again, with the old file moved away")
        items += added
    for group in sorted({item["group"] for item in items}, key=lambda name: (len(name), name)):
        members = [item for item in items if item["group"] == group]
        answerable, others = refused(members, 0, True)[1], refused(members, 0, False)[1]
        print(f"{group}: {answerable} answerable, {others} not\n  threshold  answerable refused  others refused")
        for threshold in THRESHOLDS:
            print(f"  {threshold:9.2f}  {refused(members, threshold, True)[0]:18.3f}  {refused(members, threshold, False)[0]:14.3f}")


if __name__ == "__main__":
    main()
