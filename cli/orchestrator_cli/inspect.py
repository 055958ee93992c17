"""What waits, and the story of one message."""

import dataclasses
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Annotated
from uuid import UUID

import typer
from rich import print as show
from rich import print_json
from rich.markup import escape
from rich.table import Table

from orchestrator.errors import OrchestratorError
from orchestrator.rules.explanations import explain as in_words
from orchestrator.store.message_history import MessageHistory, read_message_history
from orchestrator.store.waiting import WaitingMessage, list_waiting_messages
from orchestrator_cli.connection import open_database
from orchestrator_cli.output import AsJson
from orchestrator_cli.target import on_target


@on_target
def queue(
    limit: Annotated[int, typer.Option(help="As many of each lane.", min=1)] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what waits, lane by lane, oldest first, with the reason and when it is due."""
    with open_database() as (connection, clock):
        waiting = list_waiting_messages(connection, per_lane=limit)
        now = clock()
    if as_json:
        print_json(data=[dataclasses.asdict(message) for message in waiting], default=str)
        return
    if not waiting:
        show("Nothing waits.")
    for lane, messages in groupby(waiting, key=lambda message: message.priority):
        show(_lane_table(lane, list(messages), now))


@on_target
def explain(
    message_id: Annotated[str, typer.Argument(help="What `queue_message` returned.")],
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of a message, in the time of the person it is for."""
    try:
        wanted = UUID(message_id)
    except ValueError:
        raise typer.BadParameter(f"{message_id!r} is no message id; it should look like a UUID.") from None
    with open_database() as (connection, _):
        story = read_message_history(connection, wanted)
    if story is None:
        raise OrchestratorError(f"Nothing is known of message {wanted}. Was it published to this queue?")
    if as_json:
        steps = [dataclasses.asdict(step) for step in story.steps]
        print_json(data={"message_id": story.message_id, "message": story.row, "steps": steps}, default=str)
        return
    _tell(story)


def _tell(story: MessageHistory) -> None:
    zone = story.zone
    table = Table(title=f"Message {story.message_id}, times in {zone}", title_justify="left")
    for heading in ("when", "what", "why", "until"):
        table.add_column(heading, no_wrap=heading != "why")
    for step in story.steps:
        table.add_row(
            _local(step.at, zone), step.what, escape(step.detail), _local(step.until, zone) if step.until else ""
        )
    show(table)
    row = story.row
    if row is None:
        return
    why = f": {in_words(row['reason'])}" if row["reason"] else ""
    due = f", due {_local(row['scheduled_for'], zone)}" if row["status"] == "queued" else ""
    show(f"Now: [bold]{row['status']}[/]{due}{why}")
    if row["superseded_by_message_id"]:
        show(f"Superseded by {row['superseded_by_message_id']} ({row['superseded_reason']})")
    if row["final_message"]:
        show(f"Words ({row['words_source']}):")
        show(f"  {escape(row['final_message'])}")


def _lane_table(lane: str, messages: list[WaitingMessage], now: datetime) -> Table:
    table = Table(title=f"{lane}: {messages[0].of_lane} waiting", title_justify="left", show_lines=True)
    table.add_column("message")
    for heading in ("due in", "why"):
        table.add_column(heading, no_wrap=True)
    for message in messages:
        whose = escape(f"{message.message_id}\nfor {message.person} by {message.agent_id}")
        table.add_row(whose, _due_in(message.due, now), message.reason or message.status)
    return table


def _due_in(due: datetime, now: datetime) -> str:
    minutes = round((due - now).total_seconds() / 60)
    if minutes <= 0:
        return "now"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _local(instant: datetime, zone: tzinfo) -> str:
    return f"{instant.astimezone(zone):%a %d %b %H:%M:%S}"
