"""The command `stats`: counts of what happened to messages in the last hours."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from orchestrator.rules.pause_words import data_of
from orchestrator.store.gauges import MOST_COUNTED, read_gauges
from orchestrator.store.pauses import list_pauses
from orchestrator.store.stats import read_stats
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import Table, show, show_json, stack_lines
from orchestrator_cli.pause_lines import show_banner
from orchestrator_cli.target import on_target

# What the table calls a fact whose JSON key does not explain it.
_LABELS = {"wait_half_seconds": "seconds waited, median", "wait_most_seconds": "seconds waited, 95th percentile"}


# Ten years.
MOST_HOURS = 87_600


@on_target
def stats(
    hours: Annotated[int, typer.Option(help="Hours to look back.", min=1, max=MOST_HOURS)] = 24,
    as_json: AsJson = False,
) -> None:
    """Count what was sent, delivered, held, refused and rejected, by reason, and show what today has cost."""
    with open_database() as (connection, clock):
        now = clock()
        counts = read_stats(connection, now - timedelta(hours=hours))
        gauges = read_gauges(connection, now)
        pauses = list_pauses(connection, now)
    facts: dict[str, Any] = {
        **counts,
        "waiting_by_reason": gauges.waiting,
        "overdue_seconds_by_lane": gauges.overdue,
        "twilio_usd_today": gauges.twilio_usd,
        "claude_usd_today": gauges.claude_usd,
    }
    if as_json:
        show_json({"hours": hours, "pauses": data_of(pauses), **facts})
        return
    show_banner(pauses)
    table = Table(title=f"The last {hours} hours", show_header=False, show_lines=True)
    for name, value in facts.items():
        table.add_row(_LABELS.get(name, name.replace("_", " ")), _cell(value))
    show(table)
    if sum(gauges.waiting.values()) >= MOST_COUNTED:
        show(f"More than {MOST_COUNTED:,} messages are waiting; the counts cover the {MOST_COUNTED:,} due first.")


def _cell(value: object) -> object:
    match value:
        case Mapping():
            largest = sorted(value.items(), key=lambda entry: -float(entry[1]))
            return stack_lines(*(f"{number:,.0f}  {name}" for name, number in largest)) if largest else "-"
        case float():
            return f"{value:,.1f}"
        case None:
            return "-"
    return str(value)
