"""What became of messages lately, in numbers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich import print as show
from rich import print_json
from rich.table import Table

from orchestrator.store.gauges import MOST_COUNTED, read_gauges
from orchestrator.store.stats import read_stats
from orchestrator_cli.connection import open_database
from orchestrator_cli.output import AsJson
from orchestrator_cli.target import on_target


@on_target
def stats(
    hours: Annotated[int, typer.Option(help="As many hours back.", min=1)] = 24,
    as_json: AsJson = False,
) -> None:
    """Show what was sent, held, refused and lost lately, by reason, and what the day has cost."""
    with open_database() as (connection, clock):
        now = clock()
        found = read_stats(connection, now - timedelta(hours=hours))
        levels = read_gauges(connection, now)
    facts: dict[str, Any] = {
        **found,
        "waiting_by_reason": levels.waiting,
        "overdue_seconds_by_lane": levels.overdue,
        "twilio_usd_today": levels.twilio_usd,
        "claude_usd_today": levels.claude_usd,
    }
    if as_json:
        print_json(data={"hours": hours, **facts}, default=str)
        return
    table = Table(title=f"The last {hours} hours", title_justify="left", show_header=False, show_lines=True)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), _words(value))
    show(table)
    if sum(levels.waiting.values()) >= MOST_COUNTED:
        show(f"More than {MOST_COUNTED:,} messages wait; these are the next ones.")


def _words(value: object) -> str:
    match value:
        case Mapping():
            largest = sorted(value.items(), key=lambda entry: -float(entry[1]))
            return "\n".join(f"{number:,.0f}  {name}" for name, number in largest) or "-"
        case float():
            return f"{value:,.1f}"
        case None:
            return "-"
    return str(value)
