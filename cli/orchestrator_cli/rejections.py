"""The command `rejections`: what agents published and the enqueue function did not accept."""

from datetime import datetime
from typing import Annotated

import typer

from orchestrator.rules.local_time import format_time
from orchestrator.store.rejections import list_rejections
from orchestrator_cli.agents import normal_prefix
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AS_NAME, AS_TIME, AsJson
from orchestrator_cli.output import Table, show, show_json, stack_lines
from orchestrator_cli.target import on_target


@on_target
def rejections(
    agent: Annotated[str | None, typer.Option(help="Only of the agents whose ids begin with this.", **AS_NAME)] = None,
    since: Annotated[datetime | None, typer.Option(help="Rejected at this time or later; UTC.", **AS_TIME)] = None,
    limit: Annotated[int, typer.Option(help="Rejections to show at most.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest messages that were not accepted: which agent, what is wrong, and the fix."""
    with open_database() as (connection, _):
        found = list_rejections(connection, limit, agent=normal_prefix(agent) if agent else None, since=since)
    if as_json:
        show_json([row._asdict() for row in found])
        return
    if not found:
        show("No rejections.")
        return
    table = Table("message", "agent", "why")
    for row in found:
        names = stack_lines(row.message_id, format_time(row.rejected_at))
        table.add_row(names, row.agent_id or "-", stack_lines(row.reason, row.problem))
    show(table)
