"""Runs the benchmarks on one Postgres server, beside other job queues, and writes docs/performance (`make bench`).

`QUICK=1` measures less, in under two minutes. `scale` and `growth` measure with millions of rows (`make bench-scale`),
`status` measures delivery beside agents that ask (`make bench-status`).
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench.database import postgres_server
from bench.dispatcher import measure_backlog, measure_claims
from bench.growth import measure_growth
from bench.imports import measure_imports
from bench.latency import measure_urgent_latency
from bench.machine import describe_machine
from bench.relevance import show_relevance_costs
from bench.report import Report
from bench.rounds import RoundResult
from bench.status import PACE, measure_beside_status
from bench.throughput import measure_deliveries, measure_deliveries_over_http, measure_intake
from bench.urgent_model import add_urgent_model

FULL, QUICK = Path("docs/performance"), Path(".bench/quick")
# Seconds.
IMPORT_BUDGETS = {"enqueue": 0.6, "dispatch": 0.6, "deliver": 0.8, "query": 0.8}


def main(suite: str) -> int:
    """Run a suite (`usual`, `scale`, `growth` or `status`), and write its report; returns the exit code."""
    console = Console(width=140, highlight=False)
    quick = bool(os.environ.get("QUICK"))
    with postgres_server() as server:
        report = Report(describe_machine(server))
        report.add_facts("The machine", report.machine, console)
        match suite:
            case "scale":
                _run_scale(report, server, console)
            case "growth":
                messages = int(os.environ.get("GROWTH", "1000000"))
                report.add_facts("Growth", measure_growth(server, messages, _progress_on(console)), console)
            case "status":
                _run_status(report, server, console, quick=quick)
            case _:
                _run_usual(report, server, console, quick=quick)
    report.write(QUICK if quick else FULL, suite, console)
    return 0


def _run_usual(report: Report, server: str, console: Console, *, quick: bool) -> None:
    rounds, messages = (1, 1_000) if quick else (3, 4_000)
    progress = _progress_on(console)
    delivered = measure_deliveries(server, messages, rounds, progress)
    report.add_comparison("Full policy, no-op sender, batches of 10", "messages/s", delivered, console)
    _add_delivery_budgets(report, delivered)
    sent = measure_deliveries_over_http(server, messages, rounds, progress)
    report.add_comparison("The same through Twilio's SDK to a local HTTP server", "messages/s", sent, console)
    best = max(result.median for result in sent.values())
    report.add_budget("through a local HTTP Twilio", "above 640/s", f"{best:,.0f}/s", met=best > 640)
    accepted = measure_intake(server, messages * 5, rounds, progress)
    report.add_comparison("Accepted, batches of 1,000", "messages/s", accepted, console)
    ours = accepted["ours, 2 workers"].median
    report.add_budget("enqueue handler", "20,000/s", f"{ours:,.0f}/s", met=ours >= 20_000)
    claimed = measure_claims(server, (10_000, 100_000) if quick else (10_000, 1_000_000), 0, 20, progress)
    report.add_facts("Claiming 100 due messages, ms", {name: f"{ms:.1f}" for name, ms in claimed.items()}, console)
    seconds, handed_over = measure_backlog(server, 10_000 if quick else 100_000)
    report.add_facts("A tick that finds a backlog", {f"{handed_over:,} handed over": f"{seconds:.1f} s"}, console)
    costs = measure_imports(1 if quick else 3)
    facts = {name: f"{cost.seconds:.2f} s, {cost.memory_mb:.0f} MB" for name, cost in costs.items()}
    report.add_facts("Before the first event", facts, console)
    for name, most in IMPORT_BUDGETS.items():
        seconds = costs[name].seconds
        report.add_budget(f"import of {name}", f"under {most} s", f"{seconds:.2f} s", met=seconds < most)
    progress("urgent: from publishing to Twilio")
    latencies = measure_urgent_latency(10 if quick else 50)
    report.add_facts(
        "Urgent, published to Twilio's call, on the local stack",
        {
            name: f"half within {latency.median_ms:.0f} ms, 99 % within {latency.p99_ms:.0f} ms"
            for name, latency in latencies.items()
        },
        console,
    )
    half = latencies["idle"].median_ms
    report.add_budget("urgent, warm, no backlog", "under 300 ms", f"half within {half:.0f} ms", met=half < 300)
    add_urgent_model(report, server, latencies["idle"].p99_ms, console, quick=quick)
    show_relevance_costs(console)


def _run_scale(report: Report, server: str, console: Console) -> None:
    sizes = (10_000, 1_000_000, 10_000_000)
    claimed = measure_claims(server, sizes, 10_000_000, 20, _progress_on(console))
    report.add_facts("Claiming 100 due messages, ms", {name: f"{ms:.2f}" for name, ms in claimed.items()}, console)
    ratio = claimed["10,000,000 waiting"] / claimed["10,000 waiting"]
    report.add_budget(
        "claiming with 10 million rows waiting", "at most 1.2 times 10 thousand", f"{ratio:.2f} times", met=ratio <= 1.2
    )


def _run_status(report: Report, server: str, console: Console, *, quick: bool) -> None:
    rounds, messages = (2, 1_000) if quick else (9, 4_000)
    load = os.getloadavg()[0]
    found = measure_beside_status(server, messages, rounds, _progress_on(console))
    delivered = {result.name: result for result in (found.alone, found.beside)}
    report.add_comparison("Full policy, no-op sender, beside `status`", "messages/s", delivered, console)
    facts = {
        "questions a second, by round": ", ".join(f"{answers.rate:.1f}" for answers in found.answers),
        "milliseconds of an answer, median by round": ", ".join(
            f"{answers.median_ms:.0f}" for answers in found.answers
        ),
        "load of the machine before, in processes": f"{load:.1f}",
    }
    report.add_facts(f"`status` of 10 texts, {PACE:.0f} times a second", facts, console)
    ratio = found.ratio
    report.add_budget("delivery beside `status`", "at least 0.9", f"{ratio:.2f} of its rate", met=ratio >= 0.9)


def _add_delivery_budgets(report: Report, results: dict[str, RoundResult]) -> None:
    ours = results["ours, 2 workers"].median
    peer = results.get("graphile-worker, no-op")
    if peer:
        ratio = ours / peer.median
        report.add_budget("full policy, no-op sender", "twice graphile-worker", f"{ratio:.2f} times", met=ratio >= 2)
    predecessor = results["predecessor, sequential"].median
    report.add_budget("the same, against the predecessor", "(none)", f"{ours / predecessor:.1f} times", met=True)


def _progress_on(console: Console) -> Callable[[str], None]:
    """A function that prints what is being measured."""
    return lambda text: console.print(f"[dim]{text}[/]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "usual"))
