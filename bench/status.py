"""Measures delivery at full speed, alone and while agents ask `status` at a steady pace."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.processes import function_environment, start_process
from bench.rounds import RoundResult, run_rounds
from bench.throughput import deliver, prepare_deliveries

WORKERS = 2
# Questions a second.
PACE = 20.0


@dataclass(frozen=True, slots=True)
class Answers:
    """The questions of one round: how many a second, and the median of their milliseconds."""

    rate: float
    median_ms: float


@dataclass(frozen=True, slots=True)
class BesideStatus:
    """What was measured: messages a second alone and beside the questions, and the questions of each round."""

    alone: RoundResult
    beside: RoundResult
    answers: tuple[Answers, ...]

    @property
    def ratio(self) -> float:
        """The rate beside the questions as a share of the rate alone: the median of the rounds."""
        return self.beside.ratio_to(self.alone)


def measure_beside_status(server: str, messages: int, rounds: int, progress: Callable[[str], None]) -> BesideStatus:
    """Deliver messages with two workers, with and without questions beside it, in turns.

    Raises:
        RuntimeError: a process failed; its error is on standard error.
    """
    answers: list[Answers] = []

    def deliver_alone() -> float:
        url, events = prepare_deliveries(server, messages, WORKERS)
        return messages / deliver(url, events, WORKERS)

    def deliver_beside() -> float:
        url, events = prepare_deliveries(server, messages, WORKERS)
        asking = _start_asking(url, events)
        seconds = deliver(url, events, WORKERS)
        answers.append(_end_asking(asking))
        return messages / seconds

    alone, beside = "ours, 2 workers", f"ours, 2 workers, {PACE:.0f} questions a second"
    found = run_rounds({alone: deliver_alone, beside: deliver_beside}, rounds, progress)
    return BesideStatus(found[alone], found[beside], tuple(answers))


def _start_asking(url: str, events: Sequence[Mapping[str, Any]]) -> "subprocess.Popen[str]":
    """Start a process that asks for the status of the texts of these events until its standard input ends."""
    ids = [json.loads(record["body"])["message_id"] for event in events for record in event["Records"]]
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(ids))
        file.flush()
        command = [sys.executable, "-m", "bench.workers.status", file.name, str(PACE)]
        process = start_process(command, function_environment(url))
        assert process.stdin
        assert process.stdout
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"a process did not get ready: {process.args!r}")
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def _end_asking(process: "subprocess.Popen[str]") -> Answers:
    """End the questions; returns how they were answered."""
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a process failed: {process.args!r}")
    rate, median_ms = map(float, output.split())
    return Answers(rate, median_ms)
