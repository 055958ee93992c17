"""The page of messages: found by what they are, exported, and the story of one."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from psycopg import Connection
from starlette.responses import RedirectResponse, Response, StreamingResponse

from orchestrator.errors import OrchestratorError
from orchestrator.ids import LAST_ID
from orchestrator.messages import Lane
from orchestrator.rules.explanations import explain
from orchestrator.rules.pause_words import describe_in_words
from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.message_list import MessageFilter, MessagePage, iterate_messages, read_message_page
from orchestrator.store.pauses import list_pauses_of_message
from orchestrator.store.people import find_user
from orchestrator_cli.agents import normal_prefix
from orchestrator_cli.console.story import read_story
from orchestrator_cli.console.visit import OpenDatabase, Visit, word_in
from orchestrator_cli.message_list import BATCH, COLUMNS
from orchestrator_cli.messages import describe_no_record, named_message
from orchestrator_cli.options import check_period, parse_time
from orchestrator_cli.output import csv_lines

# Messages of a page, and statements that look for them: where few pass the filters, the page says how far it looked.
MESSAGES = 50
MOST_STATEMENTS = 5
FILTERS = ("user", "agent", "lane", "topic", "state", "reason", "since", "until", "sent_since", "not_delivered")


def show_messages(visit: Visit) -> Response:
    """A page of the messages that pass the filters, newest first; an id leads to the story of its message."""
    if "id" in visit.fields:
        message_id = named_message(visit.connection, visit.fields["id"])
        return RedirectResponse(f"{visit.templates.globals['base']}/messages/{message_id}", 303)
    filters = {name: visit.fields[name] for name in FILTERS if name in visit.fields}
    wanted, before = read_filter(visit.connection, filters), visit.id("before") or LAST_ID
    found = find_messages(visit.connection, wanted, before, MOST_STATEMENTS)
    return visit.page(
        "messages",
        rows=[{**row, "why": explain(row["reason"]) if row["reason"] else ""} for row in found.rows],
        is_full=len(found.rows) == MESSAGES,
        next_page=urlencode({**filters, "before": str(found.next_before)}) if found.next_before else "",
        query=urlencode(filters),
        lanes=list(Lane),
        states=list(Status),
        reasons=list(Reason),
        can_withdraw=bool(filters) and filters.keys() <= {"user", "agent", "topic"},
    )


def find_messages(connection: Connection, wanted: MessageFilter, before: UUID, statements: int) -> MessagePage:
    """The next messages that pass the filters, of so many statements at most."""
    rows: list[dict[str, Any]] = []
    next_before: UUID | None = before
    for _ in range(statements):
        if next_before is None or len(rows) == MESSAGES:
            break
        page = read_message_page(connection, wanted, MESSAGES - len(rows), next_before)
        rows, next_before = [*rows, *page.rows], page.next_before
    return MessagePage(rows, next_before)


def export_messages(open_database: OpenDatabase, fields: Mapping[str, str]) -> Response:
    """All messages that pass the filters, as CSV, while they are read."""
    with open_database() as (connection, _):
        wanted = read_filter(connection, fields)

    def lines() -> Iterator[str]:
        with open_database() as (connection, _):
            yield from csv_lines(COLUMNS, iterate_messages(connection, wanted, BATCH))

    file = {"content-disposition": 'attachment; filename="messages.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=file)


def show_story(visit: Visit) -> Response:
    """The story of one message, with what an operator can do about it."""
    message_id = named_message(visit.connection, visit.fields["message_id"])
    story = read_story(visit.connection, message_id)
    if story is None:
        raise OrchestratorError(describe_no_record(visit.connection, message_id))
    pauses = list_pauses_of_message(visit.connection, message_id, visit.clock())
    status = story.row.get("status") if story.row.get("accepted_at") else None
    return visit.page(
        "message",
        message_id=message_id,
        story=story,
        stopped_by=[describe_in_words(pause, story.zone) for pause in pauses],
        can_withdraw=status in (Status.QUEUED, Status.APPROVED),
        can_release=status == Status.QUEUED and story.row["reason"] == Reason.BEST_TIME,
    )


def read_filter(connection: Connection, fields: Mapping[str, str]) -> MessageFilter:
    """The filter that the fields of the page name.

    Raises:
        UnknownUser: no person has this id.
        OrchestratorError: a field is none of its words.
        typer.BadParameter: an agent's id, a time or a period cannot be read.
    """
    state = word_in(fields, "state", Status)
    wanted = MessageFilter(
        user_id=find_user(connection, fields["user"]) if "user" in fields else None,
        agent=normal_prefix(fields["agent"]) if "agent" in fields else None,
        lane=word_in(fields, "lane", Lane),
        topic=fields.get("topic"),
        statuses=[state] if state else None,
        reason=word_in(fields, "reason", Reason),
        since=parse_time(fields["since"]) if "since" in fields else None,
        until=parse_time(fields["until"]) if "until" in fields else None,
        sent_since=parse_time(fields["sent_since"]) if "sent_since" in fields else None,
        not_delivered="not_delivered" in fields,
    )
    check_period(wanted.since, wanted.until)
    return wanted
