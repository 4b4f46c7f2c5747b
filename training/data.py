"""Token streams that are pure functions of (seed, position).

`python data.py prepare` tokenizes files of one JSON document a line once; a stream then maps
those tokens and gives sequence number i without having gone through those before it. So a run
resumes by one integer. `python data.py sample` makes the files smaller before they travel.
"""

import argparse
import gzip
import hashlib
import io
import json
import lzma
from pathlib import Path

import numpy as np
import torch

from prompts import Prompts

HELD_SHARE = 0.01


def read_lines(path):
    """The records of a .jsonl file, plain or compressed with zstd, xz or gzip."""
    with _opened(Path(path)) as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _opened(path):
    refuse_evaluation(path)
    if path.suffix == ".zst":
        import zstandard  # only this format needs a package

        raw = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(open(path, "rb"))
        return io.TextIOWrapper(raw, "utf-8")
    opener = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
    return opener(path, "rt", encoding="utf-8")


def refuse_evaluation(path):
    """What a model is judged by must not have been read in training."""
    parts = Path(path).resolve().parts
    if "eval" in parts[-1].lower() or any(part.lower().startswith("eval") for part in parts):
        raise ValueError(f"{path} looks like evaluation data: train on another file")


def find(folder, name):
    """FOLDER/NAME.jsonl with any compression."""
    matches = sorted(Path(folder).glob(f"{name}.jsonl*"))
    if not matches:
        raise FileNotFoundError(f"no {name}.jsonl* in {folder}")
    return matches[0]


def prepare(source, prompts, out, name, seed, limit):
    """Writes NAME.train.bin and NAME.held.bin: uint16 tokens, documents shuffled and separated."""
    texts = [record["text"] for record in read_lines(source)]
    np.random.default_rng([seed, 1]).shuffle(texts)
    held = max(1, round(len(texts) * HELD_SHARE))
    parts = {"held": texts[:held], "train": texts[held:]}
    counts = {part: _write(out / f"{name}.{part}.bin", chosen, prompts, limit) for part, chosen in parts.items()}
    print(name, counts, flush=True)


def _write(path, texts, prompts, limit):
    count = 0
    with open(path, "wb") as file:
        for start in range(0, len(texts), 64):  # a batch is encoded by all cores
            for encoding in prompts.tokenizer.encode_batch(texts[start:start + 64], add_special_tokens=False):
                if limit and count >= limit:
                    return count
                tokens = np.array(encoding.ids + [prompts.separator], dtype=np.uint16)
                tokens.tofile(file)
                count += len(tokens)
    return count


def sample(source, out, share, seed):
    """A part of a file's documents, as xz: smaller to carry, and readable without a package."""
    name = source.name.split(".jsonl")[0]
    random = np.random.default_rng([seed, 6])
    with lzma.open(out / f"{name}.jsonl.xz", "wt", encoding="utf-8") as file:
        for record in read_lines(source):
            if random.random() < share:
                file.write(json.dumps({"text": record["text"]}, ensure_ascii=False) + "\n")


class Mixture:
    """Sequences of `length` tokens from several token files, drawn by weight.

    A file is cut into sequences at an offset of the epoch's own and these are visited in a
    random order, so that every token comes once before any comes twice.
    """

    PAGE = 4096

    def __init__(self, folder, weights, length, seed, part="train"):
        self.tokens = [np.memmap(Path(folder) / f"{name}.{part}.bin", np.uint16, "r") for name in weights]
        for name, tokens in zip(weights, self.tokens):
            if len(tokens) < 2 * length:
                raise ValueError(f"{name}.{part} has {len(tokens)} tokens, too few for sequences of {length}")
        share = np.array(list(weights.values()), dtype=float)
        self.share, self.length, self.seed = share / share.sum(), length, seed
        self._rewind()
        self._orders = {}

    def _rewind(self):
        self._page, self._before = 0, np.zeros(len(self.tokens), dtype=np.int64)
        self._choices = self._draw(0)

    def _draw(self, page):
        return np.random.default_rng([self.seed, 2, page]).choice(len(self.tokens), self.PAGE, p=self.share)

    def _locate(self, position):
        """Which source, and how many of its sequences came before."""
        page, offset = divmod(position, self.PAGE)
        if page < self._page:
            self._rewind()
        while self._page < page:
            self._before += np.bincount(self._choices, minlength=len(self.tokens))
            self._page += 1
            self._choices = self._draw(self._page)
        source = self._choices[offset]
        return source, int(self._before[source] + np.count_nonzero(self._choices[:offset] == source))

    def _order(self, source, epoch):
        if self._orders.get(source, (None,))[0] != epoch:
            random = np.random.default_rng([self.seed, 3, source, epoch])
            shift = int(random.integers(self.length))
            count = (len(self.tokens[source]) - shift) // self.length
            self._orders[source] = (epoch, shift, random.permutation(count))
        return self._orders[source][1:]

    def __getitem__(self, position):
        source, ordinal = self._locate(position)
        # An epoch is counted as if its offset were the largest, so that all have the same size.
        size = len(self.tokens[source]) // self.length - 1
        shift, order = self._order(source, ordinal // size)
        start = shift + int(order[ordinal % size]) * self.length
        return self.tokens[source][start:start + self.length].astype(np.int64)


class Stream:
    """Rows of (ids, weights) from plain text and from tasks; weights mark the tokens to learn.

    `tasks` is the share of rows that are made of tasks.
    """

    def __init__(self, text, tasks, share, seed):
        self.text, self.tasks, self.share, self.seed = text, tasks, share, seed

    def row(self, position):
        is_task = np.random.default_rng([self.seed, 4, position]).random() < self.share
        if is_task:
            return self.tasks[position]
        ids = self.text[position]
        return ids, np.ones(len(ids), dtype=np.float32)

    def batch(self, position, count):
        rows = [self.row(position + index) for index in range(count)]
        return tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["prepare", "sample"])
    parser.add_argument("--text", required=True, help="folder of NAME.jsonl[.zst|.xz|.gz]")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--sources", nargs="*", help="names; all files of the folder by default")
    parser.add_argument("--model", help="prepare: folder with tokenizer.json")
    parser.add_argument("--max-tokens", type=int, default=0, help="prepare: per source; 0 takes all")
    parser.add_argument("--share", type=float, default=0.5, help="sample: of the documents")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = arguments.sources or sorted({path.name.split(".jsonl")[0] for path in Path(arguments.text).glob("*.jsonl*")})
    if arguments.command == "sample":
        for name in names:
            sample(find(arguments.text, name), arguments.out, arguments.share, arguments.seed)
        return
    prompts = Prompts(arguments.model)
    for name in names:
        prepare(find(arguments.text, name), prompts, arguments.out, name, arguments.seed, arguments.max_tokens)
    digest = hashlib.sha256((Path(arguments.model) / "tokenizer.json").read_bytes()).hexdigest()
    (arguments.out / "tokens.json").write_text(json.dumps({"tokenizer_sha256": digest, "sources": names}, indent=1))


if __name__ == "__main__":
    main()
