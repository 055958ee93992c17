"""The commands `migrate` and `adopt`: they update the database, and take over rows of another sender."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

import psycopg
import typer
from psycopg import Connection

from orchestrator.aws.faults import Cause, cause_of
from orchestrator.messages import SEQUENCE_LIMIT
from orchestrator.rules.limits import limits_by_default
from orchestrator.settings import MigrationSettings, PolicySettings, load
from orchestrator.store import adoption
from orchestrator.store.adoption import Adoption, MessageGroup, QuotedText
from orchestrator.store.migrate import migrate as apply_migrations
from orchestrator.store.old_senders import list_failing_number_triggers, list_old_senders
from orchestrator.store.operator_actions import Action, record_action
from orchestrator.store.people import list_unreadable_numbers, list_zone_faults
from orchestrator.store.schedule import add_budget_rows
from orchestrator_cli.connection import open_database
from orchestrator_cli.identity import operator_name
from orchestrator_cli.old_sender_checks import number_trigger_results, old_sender_results, require_no_old_senders
from orchestrator_cli.options import AsJson, Reason
from orchestrator_cli.output import print_result, show, show_error, show_json, style_line
from orchestrator_cli.stack_checks import MOST_LISTED, number_results, zone_results
from orchestrator_cli.target import on_target

# How long `adopt --watch` waits between two adoptions, in seconds.
WATCH_SECONDS = 60
# What ends by itself: an adoption that met one of these is made again.
PASSING_CAUSES = {Cause.DATABASE_AWAY, Cause.DATABASE_BUSY, Cause.DATABASE_FULL, Cause.DATABASE_READ_ONLY}
# Characters of a text that a report shows.
LONGEST_QUOTE = 100


@on_target
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date. Running it again, or twice at the same time, is safe."""
    applied = apply_migrations(load(MigrationSettings).url)
    end = style_line(
        "[green]The database is up to date.[/]" if applied else "Nothing to do: the database is up to date."
    )
    print_result({"applied": applied}, *(f"applied {name}" for name in applied), end, as_json=as_json)


@on_target
def adopt(
    apply: Annotated[bool, typer.Option("--apply", help="Change the database. Without it: only report.")] = False,
    max_age: Annotated[
        int, typer.Option(help="Leave messages that were due more hours ago than this.", min=1, max=87_600)
    ] = 24,
    watch: Annotated[
        bool, typer.Option("--watch", help="With --apply: go on, and take over new rows each minute until Ctrl-C.")
    ] = False,
    despite_old_senders: Annotated[
        bool, typer.Option("--despite-old-senders", help="Take over although an old sender may send the same rows.")
    ] = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Take over the waiting messages of another sender, and store past STOPs as opt-outs.

    The history is read by the rules of live texts. A person's last text that may be a wish to stop holds everything to
    them until `orchestrator user read`. Running it again takes over what came since.
    """
    if watch and not apply:
        raise typer.BadParameter("--watch changes the database: give --apply, too.")
    adopt_rows = partial(_adopt_rows, max_age, apply=apply, despite_old_senders=despite_old_senders)
    with open_database() as (connection, clock):
        if apply:
            _require_no_sender_beside(connection, despite_old_senders=despite_old_senders)
            # An adoption commits in parts, so what is about to be done is recorded first, and once where it goes on.
            action = Action("adopt", change={"max_age_hours": max_age, "watch": watch}, reason=reason)
            record_action(connection, action, operator_name(), clock())
        result = adopt_rows(connection, clock())
        zones = list_zone_faults(connection, MOST_LISTED + 1)
        numbers = list_unreadable_numbers(connection, MOST_LISTED + 1)
        number_triggers = list_failing_number_triggers(connection)
    faults = [
        *old_sender_results(result.old_senders),
        *number_trigger_results(number_triggers),
        *number_results(numbers),
        *zone_results(zones),
    ]
    lines = [
        *_report(result, apply=apply),
        *(style_line("[yellow]Warning:[/] {}: {}. {}", fault.what, fault.detail, fault.fix) for fault in faults),
    ]
    if not apply:
        lines.append("Nothing was changed. Run it again with --apply to make these changes.")
    facts = {"zones": dataclasses.asdict(zones), "unreadable_numbers": numbers}
    print_result({"applied": apply, **dataclasses.asdict(result), **facts}, *lines, as_json=as_json)
    left = result.left
    while watch:
        time.sleep(WATCH_SECONDS)
        try:
            with open_database() as (connection, clock):
                result = adopt_rows(connection, clock())
        except psycopg.Error as error:
            if cause_of(error) not in PASSING_CAUSES:
                raise
            show_error(f"The database did not take part: {str(error).splitlines()[0]}. Trying again in a minute.")
            continue
        # A new row that is left has to be named, too.
        is_news = bool(result.changes) or result.left != left
        left = result.left
        if is_news and as_json:
            show_json(dataclasses.asdict(result))
        elif is_news:
            show(*_report(result, apply=True))


def _adopt_rows(
    max_age: int, connection: Connection, now: datetime, *, apply: bool, despite_old_senders: bool
) -> Adoption:
    """Adopt what waits now.

    Raises:
        OldSenderIsThere: rows were to be taken over, and an old sender may send them, too; nothing was changed.
    """
    if apply:
        _require_no_sender_beside(connection, despite_old_senders=despite_old_senders)
    policy = load(PolicySettings)
    lifetime = timedelta(days=policy.message_lifetime_days)
    result = adoption.adopt(connection, timedelta(hours=max_age), lifetime, now, apply=apply)
    if apply:
        add_budget_rows(connection, limits_by_default(policy), now)
    return result


def _require_no_sender_beside(connection: Connection, *, despite_old_senders: bool) -> None:
    if not despite_old_senders:
        require_no_old_senders(list_old_senders(connection))


# What to do with rows that are left, by cause.
OF_OTHER_STATES = "Find out what wrote this state. Where a message waits, set it to queued, and adopt again."
_REMEDIES = {
    "may have been sent": "Look each up at Twilio. One that was not sent: set its status to queued, sent_at and "
    "delivered_message_id to NULL, and adopt again.",
    "same words went since": "They reached the person already. Publish one again where it is to go twice.",
    "too old": "Raise --max-age to take them over, or leave them.",
    "part of an incomplete sequence": "Publish what is left as a message of its own, or leave them.",
    "part of an irregular sequence": "Correct them, and adopt again: one person, one priority, positions from 1, "
    f"at most {SEQUENCE_LIMIT} parts, and an id that no earlier sequence has.",
    "data that is no object": 'Set message_data to {"message": "the words"}, and adopt again.',
    "speaks of a day that is over": "Leave them, or correct the words and scheduled_for, and adopt again.",
    "agent id that is no id": "Name the agent in printable ASCII, and adopt again.",
    "agent that is bound to publishers": "Publish them with the agent's own role, or unbind it while you adopt.",
    "agent that may not use urgent": "Set the priority to high, and adopt again.",
    "impossible time": "Correct scheduled_for and created_at, and adopt again.",
    "taken meanwhile": "Adopt again to see what became of them.",
    "unknown priority": "Set it to urgent, high, medium or low, and adopt again.",
}


def _report(result: Adoption, *, apply: bool) -> Iterator[str]:
    """What is taken over and what is left, each by number and example."""
    for kind in ("due", "planned"):
        group = result.adopted.get(kind, MessageGroup(0, ()))
        yield f"{kind} messages {'taken over' if apply else 'to take over'}: {group.messages}"
        yield from _ids(group)
    for why, group in result.left.items():
        yield f"messages left as they are ({why}): {group.messages}"
        yield from _ids(group)
        yield f"  {_REMEDIES.get(why, OF_OTHER_STATES)}"
    if result.rows_left_alone.messages:
        yield (
            "pending rows of messages that the other sender may have sent, or that are a day old, which we never send: "
            f"{result.rows_left_alone.messages}"
        )
        yield from _ids(result.rows_left_alone)
    yield f"past STOPs {'stored' if apply else 'to store'} as opt-outs: {result.opt_outs}"
    yield from _quotes(result.stop_examples)
    yield f"last texts that an operator {'has' if apply else 'will have'} to read: {result.unread}"
    yield from _quotes(result.unread_examples)


def _ids(group: MessageGroup) -> Iterator[str]:
    if group.message_ids:
        more = " and more" if group.messages > len(group.message_ids) else ""
        yield f"  {', '.join(map(str, group.message_ids))}{more}"


def _quotes(texts: Sequence[QuotedText]) -> Iterator[str]:
    """Some texts, each on one line."""
    for text in texts:
        words = " ".join(text.content.split())
        yield f"  {text.written_at:%Y-%m-%d}  {text.user_id}  {words[:LONGEST_QUOTE]}"
