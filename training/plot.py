"""Draws a run's curves: `python plot.py RUN/transfer RUN/distill --out curves.png`

One row a stage: loss and validation by tokens, and what layers.csv has beside it.
"""

import argparse
import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image


def columns(path):
    """{column: [(step, value)]} of what is not empty."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = rows[0] if rows else []
    return {name: [(int(row["step"]), float(row[name])) for row in rows if row[name]] for name in names}


def smoothed(values, share=0.9):
    kept, result = None, []
    for value in values:
        kept = value if kept is None else share * kept + (1 - share) * value
        result.append(kept)
    return result


def draw_loss(axis, folder):
    curve = columns(folder / "curve.csv")
    tokens = dict(curve.get("tokens", []))
    for name, style in (("loss", {"alpha": 0.3, "lw": 0.8}), ("validation", {"marker": "o", "ms": 3})):
        points = curve.get(name, [])
        axis.plot([tokens[step] for step, _ in points], [value for _, value in points], label=name, **style)
    points = curve.get("loss", [])
    axis.plot([tokens[step] for step, _ in points], smoothed([value for _, value in points]), label="loss, smoothed")
    axis.set(title=folder.name, xlabel="tokens", yscale="log")
    axis.legend()


def draw_layers(axis, folder):
    path = folder / "layers.csv"
    layers = {name: points for name, points in (columns(path) if path.exists() else {}).items() if name != "step" and points}
    axis.set_visible(bool(layers))
    for when, index in (("first", 0), ("last", -1)):
        axis.plot(list(layers), [points[index][1] for points in layers.values()], marker="o", ms=3, label=when)
    axis.set(title=f"{folder.name}: share of a layer's variance missed", xlabel="layer", yscale="log")
    axis.legend()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    figure, axes = plt.subplots(len(arguments.folders), 2, figsize=(13, 4 * len(arguments.folders)), squeeze=False)
    for row, folder in zip(axes, arguments.folders):
        draw_loss(row[0], folder)
        draw_layers(row[1], folder)
    figure.tight_layout()
    figure.savefig(arguments.out, dpi=120)
    # Lines need few colours: less than half of the bytes, for a picture that is committed with every run.
    with Image.open(arguments.out) as picture:
        few = picture.convert("RGB").quantize(64)
    few.save(arguments.out, optimize=True)


if __name__ == "__main__":
    main()
