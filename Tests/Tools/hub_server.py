#!/usr/bin/env python3
"""Serves one model folder as a model hub does, for tests of `docproc model pull`.

    hub_server.py FOLDER OWNER/NAME [--break-at BYTES]

Prints its address. With --break-at the first answer with weights ends after so many bytes; the
next request for them goes on from there. Each request is a line on standard error.
"""
import argparse
import hashlib
import http.server
import json
import pathlib
import sys

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        hub, path = self.server.hub, self.path.split("?")[0]
        print(self.command, path, self.headers.get("Range", ""), file=sys.stderr, flush=True)
        if path.startswith(f"/api/models/{hub.repository}/revision/") or path == f"/api/models/{hub.repository}":
            files = [{"rfilename": file.name} for file in sorted(hub.folder.iterdir())]
            self.reply(200, json.dumps({"id": hub.repository, "sha": COMMIT, "siblings": files}).encode(), body)
        elif path.startswith(f"/api/models/{hub.repository}/tree/"):
            files = [{"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "0"}
                     for file in sorted(hub.folder.iterdir())]
            self.reply(200, json.dumps(files).encode(), body)
        elif path.startswith(f"/{hub.repository}/resolve/") and (hub.folder / path.split("/")[-1]).is_file():
            self.file(hub.folder / path.split("/")[-1], body)
        else:
            self.reply(404, b'{"error": "Repository not found"}', body, {"X-Error-Code": "RepoNotFound"})

    def file(self, path, body):
        data = path.read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        start = 0
        if self.headers.get("Range", "").startswith("bytes="):
            start = int(self.headers["Range"][6:].split("-")[0] or 0)
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut = self.server.hub.break_at if body and path.suffix == ".safetensors" else None
        if cut is not None:
            self.server.hub.break_at = None
        self.reply(206 if start else 200, data[start:], body, headers, cut)

    def reply(self, status, data, body, headers=(), cut=None):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data if cut is None else data[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


class Hub:
    def __init__(self, folder, repository, break_at):
        self.folder, self.repository, self.break_at = pathlib.Path(folder), repository, break_at


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("repository")
    parser.add_argument("--break-at", type=int)
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = Hub(arguments.folder, arguments.repository, arguments.break_at)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
