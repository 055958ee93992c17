"""The commands `queue` and `explain`: the waiting messages, and the history of one message."""

import dataclasses
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Annotated
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.errors import OrchestratorError
from orchestrator.rules.explanations import explain as explain_reason
from orchestrator.rules.local_time import format_time
from orchestrator.rules.pause_words import PauseRow, data_of, describe_in_words
from orchestrator.rules.reasons import Reason
from orchestrator.store.message_history import MessageHistory, Step, find_message, is_left_alone, read_message_history
from orchestrator.store.pauses import list_pauses, list_pauses_of_message
from orchestrator.store.waiting import WaitingMessage, list_waiting_messages
from orchestrator.store.waits_for_users import list_waits_for_users
from orchestrator_cli.connection import open_database
from orchestrator_cli.dead_letters import find_dead_letter
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import Table, show, show_json, show_note, stack_lines, style_line
from orchestrator_cli.pause_lines import show_banner
from orchestrator_cli.target import on_target

# Messages of a lane that `queue` shows, where the operator names no number.
SHOWN_IN_LANE = 10
# Messages for unknown people that `queue` names, those first that are rejected next.
MOST_WAITS = 10


@on_target
def queue(
    limit: Annotated[
        int | None, typer.Option(help="Messages to show in each lane. Default: 10; with --json all.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the waiting messages of each lane, oldest first, with the reason and the due time."""
    with open_database() as (connection, clock):
        waiting = list_waiting_messages(connection, per_lane=limit if limit or as_json else SHOWN_IN_LANE)
        now = clock()
        paused = list_pauses(connection, now)
        waits = list_waits_for_users(connection, now, MOST_WAITS)
    show_banner(paused, as_note=as_json)
    for wait in waits:
        line = style_line(
            "[bold yellow]UNKNOWN PERSON[/] {} by {} waits for its user until {}: `orchestrator explain {}`",
            wait.message_id, wait.agent_id or "no agent", format_time(wait.until), wait.message_id,
        )  # fmt: skip
        (show_note if as_json else show)(line)
    if as_json:
        show_json([dataclasses.asdict(message) for message in waiting])
        return
    if not waiting and not waits:
        show("No messages are waiting.")
    for lane, messages in groupby(waiting, key=lambda message: message.priority):
        show(_lane_table(lane, list(messages), now))


@on_target
def explain(
    message_id: Annotated[
        str, typer.Argument(help="The id that `queue_message` returned, or one of its text: ours, or Twilio's SM….")
    ],
    as_json: AsJson = False,
) -> None:
    """Show everything recorded about one message, in the person's local time."""
    with open_database() as (connection, clock):
        wanted = named_message(connection, message_id)
        history = read_message_history(connection, wanted)
        pauses = list_pauses_of_message(connection, wanted, clock())
        if history is None:
            raise OrchestratorError(describe_no_record(connection, wanted))
    if as_json:
        steps = [dataclasses.asdict(step) for step in history.steps]
        facts = {"message_id": history.message_id, "message": history.row, "steps": steps}
        show_json({**facts, "pauses": data_of(pauses)})
        return
    _print_history(history, pauses)


def named_message(connection: Connection, text: str) -> UUID:
    """The message that an operator names by its id, or by an id of its text, as logs and Twilio's console have it.

    Raises:
        typer.BadParameter: it is neither.
        OrchestratorError: Twilio's id belongs to no text of ours.
    """
    if re.fullmatch(r"(SM|MM)[0-9a-fA-F]{32}", text):
        found = find_message(connection, text)
        if found is None:
            raise OrchestratorError(
                f"No text of ours has Twilio's id {text}: it was received, or another system sent it."
            )
        return found
    try:
        wanted = UUID(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a message id, which is a UUID; Twilio's id of a text is SM or MM and 32 digits."
        ) from None
    return find_message(connection, wanted) or wanted


def _print_history(history: MessageHistory, pauses: Sequence[PauseRow]) -> None:
    zone = history.zone
    table = Table(title=f"Message {history.message_id}, times in {zone}")
    for heading in ("when", "what", "why", "until"):
        table.add_column(heading, no_wrap=heading == "what")
    for step in history.steps:
        until = format_time(step.until, zone) if step.until else ""
        table.add_row(format_time(step.at, zone), step.what, _detail(step, pauses, zone), until)
    show(table)
    row = history.row
    if row is None:
        return
    is_paused = row["reason"] == Reason.PAUSED
    why = f": {explain_reason(row['reason'])}" if row["reason"] and not (is_paused and pauses) else ""
    due = f", due {format_time(row['scheduled_for'], zone)}" if row["status"] == "queued" else ""
    if row["accepted_at"] is None:
        show(style_line("Now: [bold]{}[/]{}", row["status"], _of_others(row["status"])))
        return
    show(style_line("Now: [bold]{}[/]{}{}", row["status"], due, why))
    for pause in pauses:
        show(f"Paused: {describe_in_words(pause, zone)}")
    if row["superseded_by_message_id"]:
        show(f"Superseded by {row['superseded_by_message_id']} ({row['superseded_reason']})")
    if row["final_message"]:
        show(f"Words ({row['words_source']}):")
        show(f"  {row['final_message']}")


def describe_no_record(connection: Connection, message_id: UUID) -> str:
    """What is known of a message that has no history: another sender's row, a dead letter, or nothing."""
    if is_left_alone(connection, message_id):
        return (
            f"{message_id} is a row of messages that is left to another sender: it was pending while that sender was "
            "there (`orchestrator doctor`), so that it may have been sent, and we never send it."
        )
    from botocore.exceptions import BotoCoreError, ClientError

    found = None
    with suppress(BotoCoreError, ClientError, OrchestratorError):
        found = find_dead_letter(message_id)
    if found is None:
        return (
            f"Nothing is recorded about message {message_id}. It was published less than a moment ago, to another "
            "queue than ENQUEUE_QUEUE_URL, or more than 90 days ago and rejected."
        )
    queue, letter = found
    why = letter.attributes.get("problem", "SQS moved it there: it was received too often")
    return f"{message_id} is a dead letter of the {queue} queue since {format_time(letter.sent_at)}: {why}"


def _detail(step: Step, pauses: Sequence[PauseRow], zone: tzinfo) -> str:
    """What a step says; where a pause held the message, which: one that is in force still, or one that has ended."""
    if step.reason != Reason.PAUSED:
        return step.detail
    found = [describe_in_words(pause, zone) for pause in pauses if pause.paused_at <= step.at]
    return f"paused: {'; '.join(found)} (R13)" if found else "a pause that has ended (R13)"


def _of_others(status: str) -> str:
    """What becomes of a row that was inserted straight into `message_queue`."""
    if status == "queued":
        return ", and not ours: another program inserted it, and we send it only after `orchestrator adopt --apply`"
    return ", written by another program: the row was never ours"


def _lane_table(lane: str, messages: list[WaitingMessage], now: datetime) -> Table:
    table = Table(title=f"{lane}: {messages[0].of_lane} waiting", show_lines=True)
    table.add_column("message")
    for heading in ("due in", "why"):
        table.add_column(heading, no_wrap=True)
    for message in messages:
        names = stack_lines(message.message_id, f"for {message.person} by {message.agent_id}")
        table.add_row(names, _due_in(message.due, now), message.reason or message.status)
    return table


def _due_in(due: datetime, now: datetime) -> str:
    minutes = round((due - now).total_seconds() / 60)
    if minutes <= 0:
        return "now"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
