"""procrastinate running a no-op job, and taking jobs in; in its own environment."""

import asyncio
import logging
import os
import sys
import time

import procrastinate

jobs = int(os.environ["JOBS"])
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"], max_size=12))
logging.disable(logging.CRITICAL)


@app.task(name="noop")
async def noop(number: int) -> None:
    """Nothing."""


async def main() -> None:
    """Take in, or work off."""
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        numbers = [{"number": number} for number in range(jobs)]
        if os.environ["DO"] == "enqueue":
            print("ready", flush=True)
            sys.stdin.readline()
            started = time.perf_counter()
            for start in range(0, jobs, 1_000):
                await noop.batch_defer_async(*numbers[start : start + 1_000])
        else:
            for start in range(0, jobs, 1_000):
                await noop.batch_defer_async(*numbers[start : start + 1_000])
            print("ready", flush=True)
            sys.stdin.readline()
            started = time.perf_counter()
            await app.run_worker_async(
                concurrency=10, wait=False, install_signal_handlers=False, delete_jobs="successful"
            )
        print(time.perf_counter() - started, flush=True)


asyncio.run(main())
