"""The commands `messages`, `withdraw` and `release`: finds messages by what they are, and acts on those that wait."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.errors import OrchestratorError
from orchestrator.ids import LAST_ID
from orchestrator.messages import Lane
from orchestrator.rules.explanations import explain as explain_reason
from orchestrator.rules.local_time import format_time
from orchestrator.rules.pause_words import data_of, describe_in_words
from orchestrator.rules.reasons import Reason as MessageReason
from orchestrator.rules.reasons import Status
from orchestrator.store.message_history import read_message_history
from orchestrator.store.message_list import (
    MessageFilter,
    cancel_messages,
    iterate_messages,
    list_states,
    release_message,
)
from orchestrator.store.operator_actions import Action, record_action
from orchestrator.store.pauses import list_pauses_of_message
from orchestrator.store.people import find_user
from orchestrator_cli.actions import audit
from orchestrator_cli.agents import normal_prefix
from orchestrator_cli.connection import open_database
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import (
    AS_NAME,
    AS_TIME,
    AsJson,
    BeforeId,
    DryRun,
    Reason,
    Yes,
    check_period,
    one_of,
    parse_id,
)
from orchestrator_cli.output import Table, print_result, show, show_csv, show_json, stack_lines, style_line
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

# Messages that one transaction withdraws, so that its locks are short.
BATCH = 1_000
_WITHDRAWABLE = (Status.QUEUED, Status.APPROVED)
# Up to so many, the question names how many messages would be withdrawn.
MOST_COUNTED = 10_000
COLUMNS = (
    "message_id", "accepted_at", "person", "agent_id", "lane", "type", "topic", "status", "reason", "due", "sent_at",
    "delivery",
)  # fmt: skip

OfUser = Annotated[
    str | None, typer.Option("--user", help="Only to this person: our UUID, or your external id.", **AS_NAME)
]
OfAgent = Annotated[
    str | None, typer.Option("--agent", help="Only of the agents whose ids begin with this.", **AS_NAME)
]
OfLane = Annotated[Lane | None, typer.Option("--lane", help="Only of this lane.", **one_of(Lane))]
OfTopic = Annotated[str | None, typer.Option("--topic", help="Only of this topic.", **AS_NAME)]


_WORD = {"metavar": "WORD"}  # there are too many reasons to name them all


@on_target
def messages(
    user: OfUser = None,
    agent: OfAgent = None,
    lane: OfLane = None,
    topic: OfTopic = None,
    state: Annotated[Status | None, typer.Option("--state", help="Only in this state.", **one_of(Status))] = None,
    reason: Annotated[
        MessageReason | None,
        typer.Option("--reason", help="Only held, or ended, for this reason.", **{**one_of(MessageReason), **_WORD}),
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Accepted at this time or later; UTC.", **AS_TIME)] = None,
    until: Annotated[datetime | None, typer.Option(help="Accepted before this time; UTC.", **AS_TIME)] = None,
    sent_since: Annotated[datetime | None, typer.Option(help="Sent at this time or later; UTC.", **AS_TIME)] = None,
    not_delivered: Annotated[
        bool, typer.Option("--not-delivered", help="Only sent texts that did not arrive, as a carrier reported.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Messages of a page.", min=1)] = 50,
    before: BeforeId = None,
    everything: Annotated[bool, typer.Option("--all", help="All pages.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of text.")] = False,
    as_json: AsJson = False,
) -> None:
    """List messages, largest id first (of ids that the client made: newest first), a page at a time."""
    check_period(since, until)
    if as_csv and as_json:
        raise typer.BadParameter("Give --csv or --json, not both.")
    with open_database() as (connection, _):
        wanted = MessageFilter(
            user_id=find_user(connection, user) if user else None,
            agent=normal_prefix(agent) if agent else None,
            lane=lane,
            topic=topic,
            statuses=[state] if state else None,
            reason=reason,
            since=since,
            until=until,
            sent_since=sent_since,
            not_delivered=not_delivered,
        )
        found = iterate_messages(connection, wanted, min(limit, BATCH), before or LAST_ID)
        rows = list(found if everything else islice(found, limit))
    if as_json:
        show_json(rows)
    elif as_csv:
        show_csv(COLUMNS, rows)
    elif not rows:
        show("No messages.")
    else:
        show(_table(rows))
        if not everything and len(rows) == limit:
            show(f"The next page: --before {rows[-1]['message_id']}")


@on_target
def withdraw(
    message_ids: Annotated[
        list[UUID] | None, typer.Argument(help="Ids of messages.", parser=parse_id, metavar="[ID]...")
    ] = None,
    user: OfUser = None,
    topic: OfTopic = None,
    agent: OfAgent = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Withdraw what waits: messages by their ids, or all of an --agent, a --topic or a --user, or of several at once.

    A sequence goes whole. What is being sent is past this.
    """
    if bool(message_ids) == any((user, topic, agent)):
        raise typer.BadParameter("Name messages by their ids, or give --agent, --topic or --user.")
    with open_database() as (connection, clock):
        user_id = find_user(connection, user) if user else None
        wanted = MessageFilter(user_id, normal_prefix(agent) if agent else None, topic=topic)
        found = find_withdrawable(connection, message_ids or (), wanted)
        if not dry_run and found.number:
            carry_out(propose_withdrawal(connection, clock, found), reason, yes=yes, as_json=as_json)
            return
    line = f"{found.in_words} would be withdrawn." if dry_run else "0 messages withdrawn."
    facts = {"found": found.number, "withdrawn": 0, "applied": not dry_run}
    print_result(facts, line, *found.past, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Withdrawable:
    """What a withdrawal would cancel: messages with the other parts of their sequences.

    Attributes:
        message_ids: those that an operator names; empty where a filter chooses them.
        wanted: the filter.
        number: how many wait, counted up to `MOST_COUNTED`.
        past: why a named message is not among them, a line for each.
    """

    message_ids: Sequence[UUID]
    wanted: MessageFilter
    number: int
    past: Sequence[str]

    @property
    def in_words(self) -> str:
        """How many wait."""
        return f"{f'more than {MOST_COUNTED:,}' if self.number > MOST_COUNTED else self.number} waiting messages"


def find_withdrawable(connection: Connection, message_ids: Sequence[UUID], wanted: MessageFilter) -> Withdrawable:
    """Find what waits of these messages, or where none is named of all that pass a filter."""
    wanted = dataclasses.replace(wanted, statuses=list(_WITHDRAWABLE))
    chosen = message_ids or list(islice(_waiting(connection, wanted), MOST_COUNTED + 1))
    states = list_states(connection, chosen)
    number = sum(status in _WITHDRAWABLE for status in states.values())
    past = [
        f"{message_id} is {states[message_id]}." if message_id in states else f"{message_id} is not known."
        for message_id in dict.fromkeys(message_ids)
        if states.get(message_id) not in _WITHDRAWABLE
    ]
    return Withdrawable(message_ids, wanted, number, past)


def propose_withdrawal(connection: Connection, clock: Clock, found: Withdrawable) -> Proposal:
    """Withdraw what was found, and what passes its filter by then."""
    message_ids, wanted = found.message_ids, found.wanted
    of = ", ".join(map(str, message_ids)) if message_ids else _words_of(wanted)
    names = ", ".join(part for part in (of, f"user {wanted.user_id}" if wanted.user_id else "") if part)

    def apply(reason: str | None) -> ActionResult:
        every = message_ids or _waiting(connection, wanted)
        withdrawn = _withdraw_all(connection, every, Action("withdraw", of, wanted.user_id, reason=reason), clock())
        line = style_line("{} messages withdrawn.", withdrawn)
        return ActionResult({"found": found.number, "withdrawn": withdrawn, "applied": True}, [line, *found.past])

    return Proposal(f"Withdraw {found.in_words} ({names})? They end as cancelled.", apply)


@on_target
def release(
    message_id: Annotated[UUID, typer.Argument(help="The message.", parser=parse_id, metavar="ID")],
    at_once: Annotated[
        bool, typer.Option("--now", help="With the next tick, ahead of the other ordinary lanes. Needs --reason.")
    ] = False,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let a message that is held for its best time go at the next allowed moment.

    Quiet hours, limits, pauses, opt-outs and its own scheduled_for hold it as before.
    """
    if at_once and reason is None:
        raise typer.BadParameter("--now needs --reason.")
    with open_database() as (connection, clock):
        carry_out(propose_release(connection, clock, message_id, at_once=at_once), reason, yes=yes, as_json=as_json)


def propose_release(connection: Connection, clock: Clock, message_id: UUID, *, at_once: bool) -> Proposal:
    """Let a message that is held for its best time go.

    Raises:
        OrchestratorError: there is no such message, or something else holds it.
    """
    row = _held_for_best_time(connection, message_id)
    moment = "at once, as one of the lane high" if at_once else "at the next allowed moment"
    until = format_time(row["scheduled_for"])

    def apply(reason: str | None) -> ActionResult:
        now = clock()
        change = {"due": [row["scheduled_for"].isoformat(), now.isoformat()]}
        if at_once:
            change["lane"] = [row["priority"], Lane.HIGH]
        with audit(connection, now, Action("release", str(message_id), change=change, reason=reason)):
            due = release_message(connection, message_id, now, at_once=at_once)
        if due is None:
            raise OrchestratorError(
                f"{message_id} is no longer held for its best time: `orchestrator explain {message_id}`."
            )
        line = style_line("[green]Released[/] {}: due {}.", message_id, format_time(due))
        pauses = list_pauses_of_message(connection, message_id, now)
        still = (style_line("[yellow]Paused:[/] {}", describe_in_words(each)) for each in pauses)
        return ActionResult({"message_id": message_id, "due": due, "pauses": data_of(pauses)}, [line, *still])

    return Proposal(f"Release {message_id}, which waits for its best time until {until}? It goes {moment}.", apply)


def _held_for_best_time(connection: Connection, message_id: UUID) -> dict[str, Any]:
    """The row of a message that waits for its best time.

    Raises:
        OrchestratorError: there is no such message, or something else holds it.
    """
    history = read_message_history(connection, message_id)
    row = history.row if history else None
    if row is None:
        raise OrchestratorError(f"Nothing waits under the id {message_id}: `orchestrator explain {message_id}`.")
    if row["status"] != Status.QUEUED or row["reason"] != MessageReason.BEST_TIME:
        why = f": {explain_reason(row['reason'])}" if row["reason"] else ""
        raise OrchestratorError(f"{message_id} is not held for its best time; it is {row['status']}{why}.")
    return row


def _waiting(connection: Connection, wanted: MessageFilter) -> Iterator[UUID]:
    for row in iterate_messages(connection, wanted, BATCH):
        yield row["message_id"]


def _withdraw_all(connection: Connection, message_ids: Iterable[UUID], action: Action, now: datetime) -> int:
    """Withdraw messages, a batch and its record in one transaction; returns how many waited still."""
    operator, ids, withdrawn = operator_name(), iter(message_ids), 0
    while batch := list(islice(ids, BATCH)):
        with connection.transaction():
            cancelled = len(cancel_messages(connection, batch, now))
            record_action(connection, dataclasses.replace(action, change={"withdrawn": cancelled}), operator, now)
        withdrawn += cancelled
    return withdrawn


def _words_of(wanted: MessageFilter) -> str:
    parts = (("agent", wanted.agent), ("topic", wanted.topic))
    return ", ".join(f"{name} {value}" for name, value in parts if value)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("message", "what", "state", "why")
    for row in rows:
        kind = " ".join(part for part in (row["lane"], row["type"]) if part)
        names = stack_lines(f"for {row['person']} by {row['agent_id']}", kind)
        due = [f"due {format_time(row['due'])}"] if row["due"] else []
        sent = [format_time(row["sent_at"])] if row["sent_at"] else []
        state = stack_lines(row["status"], *due, *sent, *([row["delivery"]] if row["delivery"] else []))
        table.add_row(
            stack_lines(row["message_id"], format_time(row["accepted_at"])), names, state, row["reason"] or ""
        )
    return table
