"""One function as it really runs (settings, parsing, logging, metrics), invoked with events that stand in a file.

`python -m bench.workers.function NAME EVENTS`: EVENTS holds one JSON event a line. The clock is a Tuesday at 10:00 in
New York, and runs on from there, so that nobody is in quiet hours, whenever this is run.
"""

import importlib
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

START = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def main(name: str, events_file: str) -> None:
    """Invoke the function once for each event, one after the other."""
    results = os.fdopen(os.dup(1), "w")
    # What a function logs goes where nobody reads it, but it is written.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    app = importlib.import_module(f"functions.{name}.app")
    begun = time.monotonic()
    app.__dict__["clock"] = lambda: START + timedelta(seconds=time.monotonic() - begun)
    events = [json.loads(line) for line in Path(events_file).read_text().splitlines()]
    context = SimpleNamespace(
        function_name=name,
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:bench",
        aws_request_id="bench",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    # The first invocation opens connections and loads what is loaded late, as on a warm function.
    app.handler(events[0], context)
    print("ready", file=results, flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    for event in events[1:]:
        answer = app.handler(event, context)
        assert not answer.get("batchItemFailures"), answer
    print(time.perf_counter() - started, file=results, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
