#!/usr/bin/env python3
"""Holds what `docproc model eval schemas` wrote against its schemas, by Python's jsonschema.

    check.py --schemas FOLDER LOG...     logs of evaluations/ in the data directory

Prints a row for each log: schemas, the share that was refused, answers that came to their end and those of them
that are valid, and the percentiles of what compiling and each token's mask took.
"""

import argparse
import json
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0


def problem(path, output):
    """What is wrong with an output; None for a valid one."""
    schema = json.loads(path.read_text())
    kind = validator_for(schema, default=Draft202012Validator)
    error = next(iter(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(json.loads(output))), None)
    return error and f"{error.validator} at {error.json_path}: {error.message[:100]}"


def row(log, folder):
    given_up, refused, complete, valid, cut, wrong, compiled, masks, reasons = [], 0, 0, 0, 0, [], [], [], {}
    lines = list({line["key"]: line for line in map(json.loads, open(log))}.values())
    for line in lines:
        values, texts = line["item"]["values"], line["item"]["texts"]
        if values["refused"]:
            refused += 1
            reason = texts["reason"].split("#/")[0][:60]
            reasons[reason] = reasons.get(reason, 0) + 1
            continue
        if values["invalid"]:
            given_up.append((line["key"], texts["reason"]))
            continue
        compiled.append(values["compile_ms"])
        masks += [int(time) for time in texts["mask_times_us"].split()]
        if not values["complete"]:
            cut += 1
            continue
        complete += 1
        found = problem(folder / line["key"], texts["output"])
        valid += found is None
        if found:
            wrong.append((line["key"], found))
    print(f"{log.name[:60]}: {len(lines)} schemas, {refused} refused, {cut} cut off, {len(given_up)} given up,"
          f" {complete} complete, {valid} valid")
    print(f"  compile ms p50 {percentile(compiled, 0.5):.1f} p95 {percentile(compiled, 0.95):.1f}, most {max(compiled):.0f};"
          f" mask us p50 {percentile(masks, 0.5)} p99 {percentile(masks, 0.99)}, most {max(masks)}, {len(masks)} masks")
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:12]:
        print(f"  refused {count}: {reason}")
    for key, found in wrong:
        print(f"  not valid: {key}: {found}")
    for key, reason in given_up:
        print(f"  given up: {key}: {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", required=True, type=Path)
    parser.add_argument("logs", nargs="+", type=Path)
    args = parser.parse_args()
    for log in args.logs:
        row(log, args.schemas)


if __name__ == "__main__":
    main()
