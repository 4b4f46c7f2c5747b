"""Two thousand hostile requests: nothing may crash, leak, or answer with a fault of ours.

usage: check_hostile.py BASE_URL KEY OTHER_TENANTS_KEY COORDINATOR_PID [COUNT]
Prints a table of what was sent and what came back; exits with 1 where something was wrong.
"""

import collections
import json
import random
import socket
import sys
import time

base, key, other, pid = sys.argv[1:5]
COUNT = int(sys.argv[5]) if len(sys.argv) > 5 else 2000
host, port = base.removeprefix("http://").split(":")
chance = random.Random(1)
table = collections.defaultdict(collections.Counter)
wrong = []


def memory():
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmRSS"))


def files():
    import os
    return len(os.listdir(f"/proc/{pid}/fd"))


def raw(data, wait=5.0, pause=None):
    """- Returns: the status, `closed` or `silent`."""
    try:
        with socket.create_connection((host, int(port)), 5) as line:
            line.settimeout(wait)
            if pause:
                for byte in data[:pause]:
                    line.sendall(bytes([byte]))
                    time.sleep(0.002)
                return "left"
            line.sendall(data)
            answer = line.recv(65536)
            return answer.split()[1].decode() if answer.startswith(b"HTTP/1.1 ") else "closed" if not answer else "garbage"
    except socket.timeout:
        return "silent"
    except OSError:
        return "closed"


def request(method, path, headers=(), body=b"", token=key, length=None):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}", "Connection: close", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def api(method, path, body=None, token=key):
    data = json.dumps(body).encode() if body is not None else b""
    with socket.create_connection((host, int(port)), 5) as line:
        line.settimeout(30)
        line.sendall(request(method, path, ["Content-Type: application/json"], data, token))
        answer = b""
        while part := line.recv(65536):
            answer += part
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(text or b"null")


def oversize():
    kind = chance.choice(["header", "headers", "url", "body", "number", "told"])
    if kind == "header":
        return raw(request("GET", "/v1/files", ["X-Long: " + "a" * 100_000]))
    if kind == "headers":
        return raw(request("GET", "/v1/files", [f"X-{n}: {n}" for n in range(2000)]))
    if kind == "url":
        return raw(request("GET", "/v1/files?" + "a" * 200_000))
    if kind == "body":
        return raw(request("POST", "/v1/batches", ["Content-Type: application/json"], b'{"a":"' + b"x" * (2 << 20) + b'"}'))
    if kind == "number":
        return raw(request("POST", "/v1/jobs", ["Content-Type: application/json"], b'{"priority":' + b"9" * 5000 + b"}"))
    return raw(request("POST", "/v1/files", ["Content-Type: multipart/form-data; boundary=X"], b"--X", length=1 << 50))


def slow():
    return raw(request("GET", "/v1/files"), pause=chance.randrange(1, 60))


def nested():
    text = chance.choice([b"[" * 5000, b'{"a":' * 3000, b"[" * 400 + b"]" * 400, b'"' + b"\\u0000" * 100 + b'"', b"\xff\xfe{}", b"nul", b'{"a":1e999}', b"-"])
    return raw(request("POST", chance.choice(["/v1/responses", "/v1/chat/completions", "/v1/jobs", "/v1/batches", "/v1/uploads", "/v1/webhooks"]), ["Content-Type: application/json"], text))


def multipart():
    boundary = chance.choice(["X", "", "X" * 71, "a b", "\"X\"", "--"])
    parts = [b"--X\r\n", b"Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n", b"\r\n", b"text", b"\r\n--X--\r\n", b"\r\n--X\r\n", b"--X--", b"\0" * 50, b"\r\n" * 50,
             b"Content-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data"]
    body = b"".join(chance.choice(parts) for _ in range(chance.randrange(0, 30)))
    return raw(request("POST", "/v1/files", [f"Content-Type: multipart/form-data; boundary={boundary}"], body))


def paths():
    path = chance.choice(["/../../etc/passwd", "/v1/files/../../x", "/v1/files/%2e%2e%2f", "/v1/files/%00", "//", "/v1//files", "/v1/jobs/-1", "/v1/jobs/0", "/v1/jobs/99999999999999999999",
                          "/v1/jobs/1%20or%201=1", "/v1/files/'; drop table docproc.job; --", "/assets/../Service.swift", "/assets/%2e%2e/x", "/v1/responses/resp_%ff", "/v1/models/a/b/c", "/jobs/1/result", "*", "/%"])
    return raw(request(chance.choice(["GET", "DELETE", "POST", "PUT", "HEAD", "OPTIONS", "TRACE", "BREW"]), path.replace(" ", "%20")))


def headers():
    extra = chance.choice([
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Content-Length: 5"], ["Transfer-Encoding: gzip"], ["Host: evil.example"], ["X-Request-Id: a\tb"], ["X-Request-Id: " + "x" * 500],
        ["Expect: 100-continue"], ["Upgrade: h2c", "Connection: Upgrade"], ["traceparent: 00-zz"], ["Idempotency-Key: " + "k" * 400], ["Content-Type: text/html"], ["Authorization: Basic YTpi"], ["Cookie: docproc_key=" + "x" * 5000],
        ["X-Bad\x01: 1"], ["NoColon"], [" Folded: 1"]])
    return raw(request("POST", "/v1/jobs", extra, b'{"text":"","task":"ask"}'))


def garbage():
    return raw(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 400))) + b"\r\n\r\n", wait=2)


def half():
    return raw(request("POST", "/v1/jobs", ["Content-Type: application/json"], b'{"text": "', length=5000), wait=0.05)


def tenant():
    return chance.choice(strangers)()


def bad_key():
    token = chance.choice(["", "wrong", "dp-", "' or 1=1 --", "a" * 300, "\x00", "null", key[:-1], key + "x", key.swapcase()])
    return raw(request("GET", "/v1/files", token=token))


# What belongs to the one tenant, and what the other tries with it.
status, job = api("POST", "/v1/jobs", {"text": "The secret word is heliotrope.", "task": "ask", "question": "Which word is secret?"})
assert status == 201, job
status, response = api("POST", "/v1/responses", {"model": job["model"], "input": "The secret is heliotrope.", "background": True})
assert status == 200, response
number = job["id"]


def stranger(method, path, body=None):
    def attempt():
        status, answer = api(method, path, body, other)
        if status < 400 or "heliotrope" in json.dumps(answer):
            wrong.append(("another tenant", method, path, status))
        return str(status)
    return attempt


strangers = [stranger("GET", f"/v1/jobs/{number}"), stranger("GET", f"/v1/jobs/{number}/result"), stranger("GET", f"/v1/jobs/{number}/document"), stranger("POST", f"/v1/jobs/{number}/cancel"),
             stranger("DELETE", f"/v1/jobs/{number}"), stranger("POST", f"/v1/jobs/{number}/priority", {"priority": 5}), stranger("GET", f"/v1/responses/{response['id']}"), stranger("DELETE", f"/v1/responses/{response['id']}"),
             stranger("POST", f"/v1/responses/{response['id']}/cancel"), stranger("POST", "/v1/responses", {"model": job["model"], "input": "And?", "previous_response_id": response["id"]})]

kinds = [oversize, slow, nested, multipart, paths, headers, garbage, half, tenant, bad_key]
allowed = {
    "bad_key": {"401", "400", "closed"}, "tenant": {"404"}, "slow": {"left"}, "half": {"silent", "closed"},
}
before = None
for turn in range(COUNT):
    kind = kinds[turn % len(kinds)]
    outcome = kind()
    table[kind.__name__][outcome] += 1
    if outcome.startswith("5") or kind.__name__ in allowed and outcome not in allowed[kind.__name__]:
        wrong.append((kind.__name__, outcome))
    if turn == COUNT // 4:
        before = (memory(), files())
time.sleep(2)
after = (memory(), files())

for name, outcomes in table.items():
    print(f"{name:10} " + "  ".join(f"{outcome}: {count}" for outcome, count in sorted(outcomes.items())))
print(f"memory {before[0]} -> {after[0]} MiB, open files {before[1]} -> {after[1]}")
status, _ = api("GET", "/v1/models")
if status != 200:
    wrong.append(("it does not answer any more", status))
if after[0] > before[0] * 1.5 + 32:
    wrong.append(("memory", before[0], after[0]))
print("wrong:", wrong[:20] or "nothing")
sys.exit(1 if wrong else 0)
