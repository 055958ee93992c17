"""`make bench`: what this costs and carries, beside what people would otherwise use, in one run on one Postgres.

`QUICK=1` measures less, in under two minutes; `scale` and `growth` measure with millions of rows (`make bench-scale`).
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench import relevance
from bench.database import ground
from bench.growth import growth
from bench.imports import imports
from bench.latency import urgent_latency
from bench.machine import describe
from bench.minute import claims, tick_with_backlog
from bench.report import Report
from bench.rounds import RoundResult
from bench.throughput import deliveries, intakes, over_http

FULL, QUICK = Path("docs/performance"), Path(".bench/quick")
IMPORT_BUDGETS = {"enqueue": 0.6, "dispatch": 0.6, "deliver": 0.8}


def main(what: str) -> int:
    """Measure; returns the exit code."""
    console = Console(width=140, highlight=False)
    quick = bool(os.environ.get("QUICK"))
    with ground() as server:
        report = Report(describe(server))
        report.note("The machine", report.machine, console)
        match what:
            case "scale":
                _scale(report, server, console)
            case "growth":
                messages = int(os.environ.get("GROWTH", "1000000"))
                report.note("Growth", growth(server, messages, _teller(console)), console)
            case _:
                _usual(report, server, console, quick=quick)
    report.finish(QUICK if quick else FULL, what, console)
    return 0


def _usual(report: Report, server: str, console: Console, *, quick: bool) -> None:
    rounds, messages = (1, 1_000) if quick else (3, 4_000)
    say = _teller(console)
    delivered = deliveries(server, messages, rounds, say)
    report.add("Full policy, no-op sender, batches of 10", "messages/s", delivered, console)
    _judge_deliveries(report, delivered)
    sent = over_http(server, messages, rounds, say)
    report.add("The same through Twilio's SDK to a local HTTP server", "messages/s", sent, console)
    best = max(result.middle for result in sent.values())
    report.budget("through a local HTTP Twilio", "above 640/s", f"{best:,.0f}/s", met=best > 640)
    taken = intakes(server, messages * 5, rounds, say)
    report.add("Taken in, batches of 1,000", "messages/s", taken, console)
    ours = taken["ours, 2 workers"].middle
    report.budget("enqueue handler", "20,000/s", f"{ours:,.0f}/s", met=ours >= 20_000)
    claimed = claims(server, (10_000, 100_000) if quick else (10_000, 1_000_000), 0, 20, say)
    report.note("Claiming 100 due messages, ms", {name: f"{ms:.1f}" for name, ms in claimed.items()}, console)
    seconds, handed_over = tick_with_backlog(server, 10_000 if quick else 100_000)
    report.note("A tick that finds a backlog", {f"{handed_over:,} handed over": f"{seconds:.1f} s"}, console)
    costs = imports(1 if quick else 3)
    report.note(
        "Before the first event", {n: f"{c.seconds:.2f} s, {c.memory_mb:.0f} MB" for n, c in costs.items()}, console
    )
    for name, most in IMPORT_BUDGETS.items():
        report.budget(
            f"import of {name}", f"under {most} s", f"{costs[name].seconds:.2f} s", met=costs[name].seconds < most
        )
    say("urgent: from publishing to Twilio")
    latency = urgent_latency(10 if quick else 50)
    report.note(
        "Urgent, published to Twilio's call, on the local stack",
        {name: f"half within {found.half:.0f} ms, 99 % within {found.most:.0f} ms" for name, found in latency.items()},
        console,
    )
    half = latency["idle"].half
    report.budget("urgent, warm, no backlog", "under 300 ms", f"half within {half:.0f} ms", met=half < 300)
    relevance.show(console)


def _scale(report: Report, server: str, console: Console) -> None:
    say = _teller(console)
    sizes = (10_000, 1_000_000, 10_000_000)
    claimed = claims(server, sizes, 10_000_000, 20, say)
    report.note("Claiming 100 due messages, ms", {name: f"{ms:.2f}" for name, ms in claimed.items()}, console)
    least, most = claimed["10,000 waiting"], claimed["10,000,000 waiting"]
    ratio = most / least
    report.budget(
        "claiming with 10 million rows waiting", "at most 1.2 times 10 thousand", f"{ratio:.2f} times", met=ratio <= 1.2
    )


def _judge_deliveries(report: Report, found: dict[str, RoundResult]) -> None:
    ours = found["ours, 2 workers"].middle
    peer = found.get("graphile-worker, no-op")
    if peer:
        ratio = ours / peer.middle
        report.budget("full policy, no-op sender", "twice graphile-worker", f"{ratio:.2f} times", met=ratio >= 2)
    before = found["the way before, sequential"].middle
    report.budget("the same, against the way before", "(none)", f"{ours / before:.1f} times", met=True)


def _teller(console: Console) -> Callable[[str], None]:
    """Says what is being measured, to whoever watches."""
    return lambda text: console.print(f"[dim]{text}[/]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "usual"))
