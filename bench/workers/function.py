"""Invokes one function with events from a file, as Lambda does: with its settings, parsing, logging and metrics.

`python -m bench.workers.function NAME EVENTS`: EVENTS is a file with one JSON event a line. The function's clock starts
at `START`, so that no person has quiet hours, at whatever time this runs.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

from bench.events import START


def main(name: str, events_file: str) -> None:
    """Invoke the function once for each event, one after the other."""
    invoke, results = import_function(name)
    events = [json.loads(line) for line in Path(events_file).read_text().splitlines()]
    # The first invocation connects to the database and runs late imports, so that a warm function is measured.
    invoke(events[0])
    print("ready", file=results, flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    for event in events[1:]:
        answer = invoke(event)
        assert not answer.get("batchItemFailures"), answer
    print(time.perf_counter() - started, file=results, flush=True)


def import_function(name: str) -> tuple[Callable[[Any], Any], TextIO]:
    """Import a function; returns what invokes it, and a stream for results: its log goes to /dev/null."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    app = importlib.import_module(f"functions.{name}.app")
    clock_start = time.monotonic()
    app.__dict__["clock"] = lambda: START + timedelta(seconds=time.monotonic() - clock_start)
    context = SimpleNamespace(
        function_name=name,
        memory_limit_in_mb=1024,
        invoked_function_arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live",
        aws_request_id="bench",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    return partial(app.handler, context=context), results


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
