"""Runs docproc-extract on a file, as docproc does."""
import json
import os
import subprocess

PROGRAM = os.environ.get("DOCPROC_EXTRACT", ".build/release/docproc-extract")
LIMITS = {
    "bytes": 512 << 20, "members": 100_000, "ratio": 200, "nesting": 2, "depth": 100_000,
    "seconds": 600, "memory": 4 << 30,
}


def extract(path, limits=None, **settings):
    """Its texts as (path, text, places), its notes, and why it was refused (None: it was not)."""
    told = {
        "name": os.path.basename(path), "include": [], "exclude": [],
        "limits": LIMITS | (limits or {}),
    } | settings
    read, write = os.pipe()
    os.write(write, json.dumps(told).encode())
    os.close(write)
    with open(path, "rb") as document:
        done = subprocess.run(
            [PROGRAM], stdin=document, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: os.dup2(read, 3), pass_fds=sorted({read, 3}))
    os.close(read)
    texts, notes, failure, place = [], [], None, 0
    while place < len(done.stdout):
        end = done.stdout.index(b"\n", place)
        (kind, record), = json.loads(done.stdout[place:end]).items()
        place = end + 1
        if kind == "text":
            text = done.stdout[place:place + record["bytes"]].decode()
            texts.append((record.get("path"), text, record["places"]))
            place += record["bytes"] + 1
        elif kind == "note":
            notes.append(record["_0"])
        elif kind == "failure":
            failure = record["_0"]
    if done.returncode != 0:
        failure = f"status {done.returncode}: {done.stderr.decode()[-200:]}"
    return texts, notes, failure
