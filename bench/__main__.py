"""Runs the benchmarks on one Postgres server, beside other job queues, and writes docs/performance (`make bench`).

Every suite ends with the table of all budgets: what it measured itself, and what the others recorded, with the date.
`QUICK=1` measures less. `waves` measures each size of a wave with each number of workers, `held` delivery beside a
transaction that is held open, `scale` and `growth` with millions of rows, `status` beside agents that ask.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench.database import postgres_server
from bench.dispatcher import measure_claims, prepare_backlog, run_tick
from bench.growth import measure_growth
from bench.held import OURS as OURS_BESIDE
from bench.held import SITUATIONS, measure_held
from bench.imports import measure_imports
from bench.latency import measure_urgent_latency
from bench.machine import describe_machine
from bench.relevance import show_relevance_costs
from bench.report import Report, line_plot
from bench.round_trips import count_round_trips
from bench.rounds import RoundResult
from bench.status import PACE, measure_beside_status
from bench.throughput import (
    ACCEPTED,
    GRAPHILE,
    OURS,
    PROCRASTINATE,
    measure_deliveries,
    measure_deliveries_over_http,
    measure_intake,
    measure_waits,
    measure_waves,
    wave_name,
)
from bench.urgent_model import add_urgent_model

FULL, QUICK = Path("docs/performance"), Path(".bench/quick")
Progress = Callable[[str], None]


def main(suite: str) -> int:
    """Run a suite, and write its report; returns the exit code."""
    suites: dict[str, Callable[[Report, str, Console, bool], None]] = {
        "usual": _run_usual,
        "waves": _run_waves,
        "held": _run_held,
        "scale": _run_scale,
        "growth": _run_growth,
        "status": _run_status,
    }
    if suite not in suites:
        print(f"python -m bench {'|'.join(suites)}", file=sys.stderr)
        return 2
    console = Console(width=140, highlight=False)
    quick = bool(os.environ.get("QUICK"))
    with postgres_server() as server:
        report = Report(describe_machine(server))
        report.add_facts("The machine", {**report.machine, "load before": f"{os.getloadavg()[0]:.1f}"}, console)
        suites[suite](report, server, console, quick)
    report.write(QUICK if quick else FULL, suite, console)
    return 0


def _run_usual(report: Report, server: str, console: Console, quick: bool) -> None:
    # Messages that fill the same number of waves for each of 12 workers.
    rounds, messages = (1, 1_200) if quick else (3, 4_800)
    progress = _progress_on(console)
    delivered = measure_deliveries(server, messages, rounds, progress)
    report.add_comparison("Full policy, no-op sender", "messages/s", delivered, console)
    _compare(report, "delivery", delivered, OURS, GRAPHILE)
    progress("12 workers, and what they wait for")
    rate, waits = measure_waits(server, messages, 12)
    report.add_facts("12 workers, waves of 50", {"messages/s": f"{rate:,.0f}", "wait events": waits.show()}, console)
    report.measure("locks", waits.lock_share)
    sent = measure_deliveries_over_http(server, messages, rounds, progress)
    report.add_comparison("The same through Twilio's SDK to a local HTTP server", "messages/s", sent, console)
    report.measure("http", sent[OURS].median)
    accepted = measure_intake(server, messages * 4, rounds, progress)
    report.add_comparison("Accepted, batches of 1,000", "messages/s", accepted, console)
    _compare(report, "enqueue", accepted, ACCEPTED, PROCRASTINATE)
    progress("round trips")
    report.measure("round_trips", count_round_trips(server, 1_000))
    claimed = measure_claims(server, (10_000, 100_000) if quick else (10_000, 1_000_000), 0, 20, progress)
    report.add_facts("Claiming 100 due messages, ms", {name: f"{ms:.1f}" for name, ms in claimed.items()}, console)
    seconds, handed_over = run_tick(prepare_backlog(server, 10_000 if quick else 100_000))
    report.add_facts("A tick that finds a backlog", {f"{handed_over:,} handed over": f"{seconds:.1f} s"}, console)
    costs = measure_imports(1 if quick else 3)
    facts = {name: f"{cost.seconds:.2f} s, {cost.memory_mb:.0f} MB" for name, cost in costs.items()}
    report.add_facts("Before the first event", facts, console)
    report.measure("imports", max(cost.seconds for cost in costs.values()))
    idle_ms = _measure_urgent(report, console, 10 if quick else 50)
    add_urgent_model(report, server, idle_ms, console, quick=quick)
    report.measure("claude_calls", show_relevance_costs(console))


def _measure_urgent(report: Report, console: Console, messages: int) -> float:
    """Measure urgent messages on the local stack; returns the 99th percentile of an idle one, in milliseconds."""
    _progress_on(console)("urgent: from publishing to Twilio")
    latencies = measure_urgent_latency(messages)
    facts = {
        name: f"half within {latency.median_ms:.0f} ms, 99 % within {latency.p99_ms:.0f} ms"
        for name, latency in latencies.items()
    }
    report.add_facts("Urgent, published to Twilio's call, on the local stack", facts, console)
    report.measure("urgent", latencies["idle"].median_ms)
    report.measure("urgent_beside_bulk", latencies["beside a bulk run"].p99_ms)
    return latencies["idle"].p99_ms


def _run_waves(report: Report, server: str, console: Console, quick: bool) -> None:
    rounds, messages = (1, 1_200) if quick else (3, 4_800)
    waves, workers = (10, 25, 50, 100), (1, 2, 4, 12)
    found = measure_waves(server, messages, waves, workers, rounds, _progress_on(console))
    report.add_comparison("Full policy, no-op sender, by workers and waves", "messages/s", found, console)
    lines = {
        f"{number} worker{'s' * (number > 1)}": [found[wave_name(number, wave)].median for wave in waves]
        for number in workers
    }
    ticks = {place: str(wave) for place, wave in enumerate(waves)}
    report.plots["lines"] = line_plot("Messages a second, by the size of a wave", lines, ticks)


def _run_held(report: Report, server: str, console: Console, quick: bool) -> None:
    rounds, messages = (1, 6_000) if quick else (3, 30_000)
    rates = measure_held(server, messages, rounds, _progress_on(console))
    for situation in SITUATIONS:
        report.add_comparison(
            f"{messages:,} messages: {situation}", "messages/s", rates.by_situation[situation], console
        )
    for situation in SITUATIONS[1:]:
        kept = {name: RoundResult(name, (100 * rates.kept(name, situation),)) for name in rates.by_situation[situation]}
        report.add_comparison(f"Rate kept: {situation}", "per cent of alone", kept, console)
    report.measure("held", rates.kept(OURS_BESIDE, SITUATIONS[1]))


def _run_scale(report: Report, server: str, console: Console, quick: bool) -> None:
    sizes = (10_000, 100_000) if quick else (10_000, 1_000_000, 10_000_000)
    claimed = measure_claims(server, sizes, sizes[-1], 20, _progress_on(console))
    report.add_facts("Claiming 100 due messages, ms", {name: f"{ms:.2f}" for name, ms in claimed.items()}, console)
    if not quick:
        report.measure("claims", claimed["10,000,000 waiting"] / claimed["10,000 waiting"])


def _run_growth(report: Report, server: str, console: Console, quick: bool) -> None:
    messages = int(os.environ.get("GROWTH", "50000" if quick else "1000000"))
    report.add_facts("Growth", measure_growth(server, messages, _progress_on(console)), console)


def _run_status(report: Report, server: str, console: Console, quick: bool) -> None:
    rounds, messages = (2, 1_000) if quick else (9, 4_000)
    found = measure_beside_status(server, messages, rounds, _progress_on(console))
    delivered = {result.name: result for result in (found.alone, found.beside)}
    report.add_comparison("Full policy, no-op sender, beside `status`", "messages/s", delivered, console)
    facts = {
        "questions a second, by round": ", ".join(f"{answers.rate:.1f}" for answers in found.answers),
        "milliseconds of an answer, median by round": ", ".join(
            f"{answers.median_ms:.0f}" for answers in found.answers
        ),
    }
    report.add_facts(f"`status` of 10 texts, {PACE:.0f} times a second", facts, console)
    report.measure("beside_status", found.ratio)


def _compare(report: Report, budget: str, results: dict[str, RoundResult], ours: str, peer: str) -> None:
    """Compare with a peer of the same rounds, where it could be installed."""
    if peer in results:
        report.measure(budget, results[ours].ratio_to(results[peer]))


def _progress_on(console: Console) -> Progress:
    """A function that prints what is being measured."""
    return lambda text: console.print(f"[dim]{text}[/]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "usual"))
