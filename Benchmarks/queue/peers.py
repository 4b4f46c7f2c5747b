"""Empty jobs through other queues on Postgres, one process each, at their own defaults but for the batch.

    python peers.py pgqueuer URL JOBS BATCH
    python peers.py procrastinate URL JOBS CONCURRENCY
"""

import asyncio
import json
import sys
import time


def report(system, jobs, submitting, working, **settings):
    print(json.dumps({"system": system, "jobs": jobs, **settings, "submit": round(jobs / submitting), "work": round(jobs / working)}))


async def pgqueuer(url, jobs, batch):
    import asyncpg
    from datetime import timedelta
    from pgqueuer import PgQueuer, Queries
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.types import QueueExecutionMode

    connection = await asyncpg.connect(url)
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    await queries.install()
    begun = time.perf_counter()
    for _ in range(jobs):
        await queries.enqueue("nothing", None)
    submitting = time.perf_counter() - begun
    app = PgQueuer(driver)

    @app.entrypoint("nothing")
    async def nothing(_job):
        pass

    begun = time.perf_counter()
    await app.run(dequeue_timeout=timedelta(seconds=1), batch_size=batch, mode=QueueExecutionMode.drain)
    report("pgqueuer", jobs, submitting, time.perf_counter() - begun, batch=batch)


async def procrastinate(url, jobs, concurrency):
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="nothing")
    async def nothing():
        pass

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        begun = time.perf_counter()
        for _ in range(jobs):
            await nothing.defer_async()
        submitting = time.perf_counter() - begun
        begun = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=concurrency, install_signal_handlers=False)
        report("procrastinate", jobs, submitting, time.perf_counter() - begun, concurrency=concurrency)


if __name__ == "__main__":
    system, url, jobs, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    asyncio.run({"pgqueuer": pgqueuer, "procrastinate": procrastinate}[system](url, jobs, width))
