"""The command `costs`: what Claude and Twilio cost, and which calls to Claude were saved."""

import dataclasses
from datetime import timedelta
from typing import Annotated

import typer

from orchestrator.store.costs import ClaudeCosts, TextCosts, read_costs, read_savings, read_text_costs
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import Table, show, show_json, stack_lines
from orchestrator_cli.target import on_target

# Ten years.
MOST_DAYS = 3_650


@on_target
def costs(
    days: Annotated[int, typer.Option(help="UTC days to show, today included.", min=1, max=MOST_DAYS)] = 7,
    month: Annotated[bool, typer.Option("--month", help="The UTC days of this month instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what Claude and texts cost, and what batching, remembered verdicts and verbatim texts saved."""
    with open_database() as (connection, clock):
        now = clock()
        days = now.day if month else days
        since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        claude, savings = read_costs(connection, since), read_savings(connection, since)
        texts = read_text_costs(connection, since)
    claude_usd, twilio_usd = sum(line.cost_usd for line in claude), sum(line.twilio_usd for line in texts)
    if as_json:
        rows = {
            "spent": [dataclasses.asdict(line) for line in claude],
            "saved": [dataclasses.asdict(line) for line in savings],
            "texts": [dataclasses.asdict(line) for line in texts],
        }
        show_json({"since": since, **rows, "total_usd": {"claude": claude_usd, "twilio": twilio_usd}})
        return
    show(_claude_table(claude, days))
    show(f"Total: {claude_usd:.4f} USD in {_calls(sum(line.calls for line in claude))}.")
    for saving in savings:
        dollars = f", about {saving.calls * saving.each_usd:.4f} USD" if saving.calls and saving.each_usd else ""
        show(f"Saved by {saving.what}: {_calls(saving.calls)}{dollars}.")
    if texts:
        show(_texts_table(texts, days))
        show(f"Total: {twilio_usd:.4f} USD for {sum(line.texts for line in texts):,} texts.")
    show(f"Together since {since:%Y-%m-%d} (UTC): {claude_usd + twilio_usd:.4f} USD.")


def _claude_table(lines: list[ClaudeCosts], days: int) -> Table:
    table = Table(title=f"Claude, last {days} days (UTC)")
    for heading in ("day", "action", "agent, model"):
        table.add_column(heading)
    for heading in ("calls", "tokens", "USD"):
        table.add_column(heading, justify="right", no_wrap=heading == "USD")
    for line in lines:
        cached = [f"{line.cached_tokens:,} cached"] if line.cached_tokens else []
        table.add_row(
            f"{line.day:%Y-%m-%d}",
            line.action,
            stack_lines(line.agent, line.model),
            stack_lines(f"{line.calls:,}", *([f"{line.failed:,} failed"] if line.failed else [])),
            stack_lines(f"{line.input_tokens:,} in", *cached, f"{line.output_tokens:,} out"),
            f"{line.cost_usd:.6f}",
        )
    return table


def _texts_table(lines: list[TextCosts], days: int) -> Table:
    table = Table(title=f"Twilio, last {days} days (UTC), by the price table")
    for heading in ("day", "texts", "segments", "USD"):
        table.add_column(heading, justify="left" if heading == "day" else "right", no_wrap=True)
    for line in lines:
        table.add_row(f"{line.day:%Y-%m-%d}", f"{line.texts:,}", f"{line.segments:,}", f"{line.twilio_usd:.4f}")
    return table


def _calls(number: int) -> str:
    return f"{number:,} call{'' if number == 1 else 's'}"
