"""Asks the query function for the status of texts at a steady pace, until standard input ends.

`python -m bench.workers.status IDS PACE`: IDS is a file with one message id a line, PACE is in questions a second. It
prints the questions asked a second, and the median of their milliseconds.
"""

import itertools
import select
import sys
import time
from pathlib import Path
from statistics import median

from bench.workers.function import import_function

# Ids in one question.
IDS = 10


def main(ids_file: str, pace: float) -> None:
    """Ask about other texts each time. A question that is late is asked at once, so that the pace is kept."""
    invoke, results = import_function("query")
    ids = Path(ids_file).read_text().split()
    questions = itertools.cycle(
        {"action": "status", "message_ids": ids[start : start + IDS]} for start in range(0, len(ids), IDS)
    )
    invoke(next(questions))
    print("ready", file=results, flush=True)
    sys.stdin.readline()
    times: list[float] = []
    started = time.perf_counter()
    while not _has_ended(started + len(times) / pace - time.perf_counter()):
        asked = time.perf_counter()
        answer = invoke(next(questions))
        assert len(answer["statuses"]) <= IDS, answer
        times.append(1000 * (time.perf_counter() - asked))
    print(len(times) / (time.perf_counter() - started), median(times), file=results, flush=True)


def _has_ended(wait: float) -> bool:
    """Wait for the next question, at most until standard input ends."""
    readable, _, _ = select.select([sys.stdin], [], [], max(wait, 0))
    return bool(readable)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
