"""A thousand clients that follow jobs, and a hundred that submit, beside a reading worker.

usage: load.py COORDINATOR_PROGRAM KEY BOOK [FOLLOWERS SUBMITTERS]
DATABASE_URL names the database; a worker has to run on it. The coordinator is killed once, without
a warning, and started again. Prints what it took; exits with 1 where anything was lost.
"""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time

program, key, book = sys.argv[1:4]
FOLLOWERS, SUBMITTERS = (int(n) for n in (sys.argv[4:6] or (1000, 100)))
PORT = 8123
ASKED = 2000
figures = {"errors": [], "reconnects": 0}


def start():
    process = subprocess.Popen([program, "--port", str(PORT)], stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            import socket
            socket.create_connection(("127.0.0.1", PORT), 1).close()
            if process.poll() is not None:
                raise SystemExit(f"port {PORT} is another's")
            return process
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the coordinator does not start")


def memory(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmRSS"))


def head(method, path, body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Connection:
    """One that is kept open, and made anew where it breaks."""

    def __init__(self):
        self.reader = self.writer = None

    async def ask(self, method, path, body=None, tries=100):
        data = json.dumps(body).encode() if body is not None else b""
        for _ in range(tries):
            try:
                if self.writer is None:
                    self.reader, self.writer = await asyncio.open_connection("127.0.0.1", PORT)
                self.writer.write(head(method, path, data))
                await self.writer.drain()
                text = await self.reader.readuntil(b"\r\n\r\n")
                status = int(text.split()[1])
                length = next(
                    int(line.split(b":")[1]) for line in text.split(b"\r\n")
                    if line.lower().startswith(b"content-length"))
                answer = await self.reader.readexactly(length)
                if status != 503:
                    return status, json.loads(answer)
            except (OSError, asyncio.IncompleteReadError):
                figures["reconnects"] += 1
            self.writer = None
            await asyncio.sleep(0.1)
        raise RuntimeError("no answer")


async def follow(job):
    """Until the job's end, however often the connection breaks."""
    seen = 0
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.write(head("GET", f"/v1/jobs/{job}/events"))
            while True:
                line = await reader.readline()
                if not line:
                    break
                if line.startswith(b"event: status"):
                    seen += 1
                if line.startswith(b"event: end"):
                    writer.close()
                    return seen
        except OSError:
            pass
        figures["reconnects"] += 1
        await asyncio.sleep(0.2)


async def submit(number, count):
    connection = Connection()
    jobs = []
    for turn in range(count):
        text = f"Letter {number}.{turn}. The box is number {number * 100 + turn}. " * 3
        status, job = await connection.ask(
            "POST", "/v1/jobs",
            {"text": text, "task": "ask", "question": "Which number has the box?",
             "parameters": {"max_answer_tokens": 4}})
        if status != 201:
            figures["errors"].append((status, job))
        else:
            jobs.append(job["id"])
    return jobs


async def measure(job, times):
    connection = Connection()
    for _ in range(ASKED):
        begun = time.perf_counter()
        status, _ = await connection.ask("GET", f"/v1/jobs/{job}")
        times.append(time.perf_counter() - begun)
        if status != 200:
            figures["errors"].append(status)
        await asyncio.sleep(0.01)


def show(name, times):
    times = sorted(times)
    p = lambda share: times[min(len(times) - 1, int(share * len(times)))] * 1000
    print(f"{name}: p50 {p(.5):.1f} ms, p99 {p(.99):.1f} ms, at most {times[-1] * 1000:.1f} ms, {len(times)} requests")


async def main():
    process = start()
    idle = memory(process)
    connection = Connection()
    with open(book) as file:
        text = file.read()
    _, long = await connection.ask(
        "POST", "/v1/jobs", {"text": text + str(time.time()), "name": "book.txt", "priority": 5,
                             "parameters": {"keep": False}})
    while (await connection.ask("GET", f"/v1/jobs/{long['id']}"))[1].get("phase") != "reading":
        await asyncio.sleep(0.5)
    alone = []
    await measure(long["id"], alone)
    show("GET /v1/jobs/ID beside a reading worker", alone)

    followers = [asyncio.create_task(follow(long["id"])) for _ in range(FOLLOWERS)]
    await asyncio.sleep(3)
    print(f"memory: {idle} MiB idle, {memory(process)} MiB with {FOLLOWERS} followers")
    begun = time.perf_counter()
    loaded = []
    asked = asyncio.create_task(measure(long["id"], loaded))
    jobs = sum(await asyncio.gather(*(submit(n, 5) for n in range(SUBMITTERS))), [])
    took = time.perf_counter() - begun
    print(f"{len(jobs)} jobs submitted by {SUBMITTERS} clients in {took:.1f} s")
    await asked
    show(f"the same with {FOLLOWERS} followers and {SUBMITTERS} submitters", loaded)

    process.send_signal(signal.SIGKILL)
    process.wait()
    await asyncio.sleep(1)
    process = start()
    await asyncio.sleep(5)
    print(f"killed and started again: {figures['reconnects']} connections came again; memory {memory(process)} MiB")
    open_now = sum(not task.done() for task in followers)
    status, state = await connection.ask("GET", f"/v1/jobs/{long['id']}")
    print(f"the long job is {state['state']} at {state.get('percent')} %, {open_now} followers go on")
    missing = [job for job in jobs if (await connection.ask("GET", f"/v1/jobs/{job}"))[0] != 200]
    await connection.ask("POST", f"/v1/jobs/{long['id']}/cancel")
    seen = await asyncio.gather(*followers)
    print(f"followers saw {statistics.mean(seen):.0f} states each, the end too: all {len(seen)}")
    process.terminate()
    print("ended with", process.wait(), "| lost jobs:", len(missing), "| errors:", len(figures["errors"]), figures["errors"][:2])
    sys.exit(1 if missing or figures["errors"] or min(seen) < 1 else 0)


asyncio.run(main())
