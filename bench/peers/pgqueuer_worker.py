"""Times PgQueuer: `PHASE=enqueue` enqueuing jobs in batches, `PHASE=work` running no-op jobs, taken by the thousand.

It runs in a virtual environment of its own, `.bench/python`.
"""

import asyncio
import logging
import os
import sys
import time

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

JOBS = int(os.environ["JOBS"])
# Jobs taken and completed in one statement: its documentation asks for large batches where throughput counts.
BATCH = 1_000
logging.disable(logging.CRITICAL)


def wait_for_start() -> None:
    """Report that the process is ready, and wait for the common start."""
    print("ready", flush=True)
    sys.stdin.readline()


async def enqueue_jobs(queries: Queries) -> None:
    """Enqueue all jobs in batches of 1,000."""
    for start in range(0, JOBS, 1_000):
        number = min(1_000, JOBS - start)
        await queries.enqueue(["noop"] * number, [b"{}"] * number, [0] * number)


async def run_jobs(driver: AsyncpgPoolDriver) -> None:
    """Run all jobs, and end when the last one is completed."""
    queue = PgQueuer(driver)
    left = JOBS

    @queue.entrypoint("noop")
    async def noop(_job: Job) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            queue.shutdown.set()

    await queue.run(batch_size=BATCH)


async def main() -> None:
    """Run the phase, and print its seconds."""
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=4, max_size=12) as pool:
        driver = AsyncpgPoolDriver(pool)
        queries = Queries(driver)
        if await pool.fetchval("SELECT to_regclass('pgqueuer') IS NULL"):
            await queries.install()
        if os.environ["PHASE"] == "enqueue":
            wait_for_start()
            started = time.perf_counter()
            await enqueue_jobs(queries)
        else:
            await enqueue_jobs(queries)
            await pool.execute("VACUUM ANALYZE")
            wait_for_start()
            started = time.perf_counter()
            await run_jobs(driver)
        print(time.perf_counter() - started, flush=True)


asyncio.run(main())
