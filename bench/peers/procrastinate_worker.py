"""Times procrastinate: `PHASE=enqueue` deferring jobs in batches, `PHASE=work` running no-op jobs.

It runs in a virtual environment of its own, `.bench/python`.
"""

import asyncio
import logging
import os
import sys
import time

import procrastinate

NUMBERS = [{"number": number} for number in range(int(os.environ["JOBS"]))]
logging.disable(logging.CRITICAL)
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"], max_size=12))


@app.task(name="noop")
async def noop(number: int) -> None:
    """Do nothing."""


async def defer_jobs() -> None:
    """Defer all jobs in batches of 1,000."""
    for start in range(0, len(NUMBERS), 1_000):
        await noop.batch_defer_async(*NUMBERS[start : start + 1_000])


def wait_for_start() -> None:
    """Report that the process is ready, and wait for the common start."""
    print("ready", flush=True)
    sys.stdin.readline()


async def main() -> None:
    """Run the phase, and print its seconds."""
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        if os.environ["PHASE"] == "enqueue":
            wait_for_start()
            started = time.perf_counter()
            await defer_jobs()
        else:
            await defer_jobs()
            wait_for_start()
            started = time.perf_counter()
            await app.run_worker_async(
                concurrency=10, wait=False, install_signal_handlers=False, delete_jobs="successful"
            )
        print(time.perf_counter() - started, flush=True)


asyncio.run(main())
