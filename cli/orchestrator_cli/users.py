"""The commands `user`: people are added, changed, opted out and shown."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any

import typer
from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.people import Person, find_zone
from orchestrator.rules.explanations import describe_opt_out
from orchestrator.rules.explanations import explain as explain_reason
from orchestrator.rules.intents import Intent
from orchestrator.rules.local_time import format_time
from orchestrator.rules.pause_words import data_of
from orchestrator.settings import PolicySettings, load
from orchestrator.store import people
from orchestrator.store.answer_hours import read_answer_hours
from orchestrator.store.conversation import classify_by_operator, list_unread_texts
from orchestrator.store.operator_actions import Action, record_action
from orchestrator.store.opt_outs import OptOut, list_opt_outs, write_opt_outs
from orchestrator.store.waiting import list_waiting_messages
from orchestrator_cli.actions import audit
from orchestrator_cli.answer_heat import answer_facts
from orchestrator_cli.changes import change_to_record, describe_changes, describe_values
from orchestrator_cli.connection import open_database
from orchestrator_cli.identity import operator_name
from orchestrator_cli.learn import hours_lines
from orchestrator_cli.options import AS_REASON, MOST_TEXTS, AsJson, PersonReference, Reason, Yes, one_of
from orchestrator_cli.output import Table, confirm, print_result, show, show_json, style_line
from orchestrator_cli.pause_lines import pauses_of_person, show_banner
from orchestrator_cli.people_list import list_people
from orchestrator_cli.person_columns import changes_of, columns_of, explain_conflicts
from orchestrator_cli.person_facts import LABELS, facts_of, show_fact
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

app = typer.Typer(help="Add, change, opt out, list and show the people who receive the texts.", no_args_is_help=True)
app.command("list")(list_people)

_PHONE = typer.Option(help="Phone number, such as +1 212 555 0123.")
Phone = Annotated[str | None, _PHONE]
Name = Annotated[str | None, typer.Option(help="First name.")]
Zone = Annotated[str | None, typer.Option(help="IANA time zone, such as America/New_York.")]
Place = Annotated[str | None, typer.Option(help="The state or province where they live, such as FL (R15).")]
ExternalId = Annotated[str | None, typer.Option(help="Your external id of the person.")]
QuietHours = Annotated[str | None, typer.Option(help="Local times, such as 21:00-08:00; 'none' for no quiet hours.")]
Daily = Annotated[int | None, typer.Option(help="Texts per local day.", min=0, max=MOST_TEXTS)]
Hourly = Annotated[int | None, typer.Option(help="Texts in any 60 minutes.", min=0, max=MOST_TEXTS)]

# How many unread texts are listed, or read, at once.
MOST_LISTED = 100


class TextKind(StrEnum):
    """What an operator takes unread texts for."""

    CONVERSATION = "conversation"
    STOP = "stop"


@app.command()
@on_target
def add(
    phone: Annotated[str, _PHONE],
    name: Name = None,
    zone: Zone = None,
    place: Place = None,
    external_id: ExternalId = None,
    quiet_hours: QuietHours = None,
    daily_limit: Daily = None,
    hourly_limit: Hourly = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Add a person."""
    columns = columns_of(phone, name, zone, place, external_id, quiet_hours, daily_limit, hourly_limit)
    confirm("Add a person with " + describe_values(columns) + "?", yes=yes)
    with open_database() as (connection, clock), explain_conflicts():
        now, operator = clock(), operator_name()
        change = change_to_record({name: [None, value] for name, value in columns.items()})
        with connection.transaction():
            user_id = people.add_user(connection, columns, now)
            record_action(connection, Action("user add", user_id=user_id, change=change, reason=reason), operator, now)
        person = people.read_user(connection, str(user_id), now).person
    facts, lines = _change_result("Added", person, {})
    print_result(facts, *lines, as_json=as_json)


@app.command("set")
@on_target
def set_person(
    user: PersonReference,
    phone: Phone = None,
    name: Name = None,
    zone: Zone = None,
    place: Place = None,
    external_id: ExternalId = None,
    quiet_hours: QuietHours = None,
    daily_limit: Daily = None,
    hourly_limit: Hourly = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Change the given values of a person; the others stay."""
    columns = columns_of(phone, name, zone, place, external_id, quiet_hours, daily_limit, hourly_limit)
    if not columns:
        raise typer.BadParameter("Give at least one value to change, such as --zone America/New_York.")
    with open_database() as (connection, clock):
        carry_out(propose_user_change(connection, clock, user, columns), reason, yes=yes, as_json=as_json)


def propose_user_change(connection: Connection, clock: Clock, user: str, columns: Mapping[str, Any]) -> Proposal:
    """Write these columns of a person.

    Raises:
        UnknownUser: no person has this id.
    """
    before = people.read_user(connection, user, clock())
    user_id = before.person.user_id
    changes = changes_of(facts_of(before, load(PolicySettings), clock()), columns)

    def apply(reason: str | None) -> ActionResult:
        action = Action("user set", user_id=user_id, change=change_to_record(changes), reason=reason)
        with explain_conflicts(), audit(connection, clock(), action):
            people.change_user(connection, str(user_id), columns, clock())
        return _change_result("Changed", people.read_user(connection, str(user_id), clock()).person, changes)

    return Proposal(f"Change {user_id}: {describe_changes(changes)}?", apply)


@app.command()
@on_target
def stop(
    user: PersonReference,
    reason: Annotated[
        str | None, typer.Option(help="How the person asked, such as 'by e-mail, ticket 4711'.", **AS_REASON)
    ] = None,
    date: Annotated[
        str | None, typer.Option(help="When they asked: 2026-03-02, or 2026-03-02T09:30:00-05:00. Default: now.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Opt out a person who asked for it in another way than by text. A later START from their phone ends it."""
    with open_database() as (connection, clock):
        now = clock()
        person = people.read_user(connection, user, now).person
        zone = person.zones[0] if person.zones else UTC
        at = _revocation_time(date, zone, now) if date is not None else now
        carry_out(propose_opt_out(connection, now, person, at), reason, yes=yes, as_json=as_json)


def propose_opt_out(connection: Connection, now: datetime, person: Person, at: datetime) -> Proposal:
    """Opt out a person who asked for it at a time."""

    def apply(reason: str | None) -> ActionResult:
        opt_out = OptOut(person.phone_number, "operator", at, note=reason, recorded_at=now)
        change = {"opted_out_at": at.isoformat()}
        with audit(connection, now, Action("user stop", user_id=person.user_id, change=change, reason=reason)):
            write_opt_outs(connection, [opt_out], now)
        opted_out = people.read_user(connection, str(person.user_id), now).person.opted_out
        line = style_line(
            "[green]Opted out[/] {}. Waiting messages are cancelled. A START from their phone ends it.", person.user_id
        )
        if not opted_out:
            line = style_line(
                "[yellow]Recorded, but {} is not opted out:[/] a START came from their phone after {}. "
                "Leave out --date to opt them out from now on.",
                person.user_id,
                f"{at:%Y-%m-%d}",
            )
        return ActionResult({"user_id": person.user_id, "opted_out": opted_out, "opted_out_at": at}, [line])

    return Proposal(f"Opt out {person.user_id}? Their waiting messages are cancelled.", apply)


@app.command("read")
@on_target
def read_texts(
    user: Annotated[str | None, typer.Argument(help="The person; without it, the unread texts of everyone.")] = None,
    taken_for: Annotated[
        TextKind | None, typer.Option("--as", help="What the person's unread texts are.", **one_of(TextKind))
    ] = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """List texts that may be a wish to stop and are not read yet, or write what those of a person are.

    Until then nothing goes to the person (R11).
    """
    if taken_for and user is None:
        raise typer.BadParameter("Name the person whose texts these are.")
    with open_database() as (connection, clock):
        now = clock()
        user_id = people.read_user(connection, user, now).person.user_id if user else None
        texts = list_unread_texts(connection, user_id, MOST_LISTED)
        if taken_for and texts:
            confirm(f"Read {len(texts)} texts of {user_id} as {taken_for}?", yes=yes)
            change = {"read_as": taken_for.value, "texts": len(texts)}
            with audit(connection, now, Action("user read", user_id=user_id, change=change, reason=reason)):
                classify_by_operator(connection, texts, Intent(taken_for.value), now)
    if as_json:
        show_json([dataclasses.asdict(text) for text in texts])
        return
    if not texts:
        show("No text is unread.")
    for text in texts:
        show(f"{text.user_id}  {format_time(text.received_at)}  {text.content}")
    if taken_for and texts:
        show(style_line("[green]Read as {}[/]: {}", taken_for.value, len(texts)))


@app.command("show")
@on_target
def show_person(user: PersonReference, as_json: AsJson = False) -> None:
    """Show a person: limits and their use, quiet hours, activity, opt-out, and waiting messages."""
    policy = load(PolicySettings)
    with open_database() as (connection, clock):
        now = clock()
        record = people.read_user(connection, user, now)
        waiting = list_waiting_messages(connection, per_lane=10, user_id=record.person.user_id)
        opt_outs = list_opt_outs(connection, record.person.user_id)
        paused = pauses_of_person(connection, record.person.user_id, now)
        answer_hours = read_answer_hours(connection, record.person.user_id)
    facts = facts_of(record, policy, now)
    if as_json:
        lists = {
            "answer_hours": answer_facts(answer_hours),
            "pauses": data_of(paused),
            "waits": [dataclasses.asdict(message) for message in waiting],
            "opt_outs": [dataclasses.asdict(opt_out) for opt_out in opt_outs],
        }
        show_json({**facts, **lists})
        return
    show_banner(paused)
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(LABELS.get(name, name.replace("_", " ")), show_fact(value))
    show(table)
    show(*hours_lines(answer_hours, "the person"))
    zone = next(iter(record.person.zones), UTC)
    for opt_out in opt_outs:
        how = describe_opt_out(opt_out.source, opt_out.note, opt_out.recorded_at)
        show(f"  opted out: {format_time(opt_out.opted_out_at, zone)}, {how}")
    for message in waiting:
        why = f": {explain_reason(message.reason)}" if message.reason else ""
        show(f"  {message.message_id}  waiting: {message.priority}, due {format_time(message.due, zone)}{why}")


def _change_result(what: str, person: Person, changes: Mapping[str, list[Any]]) -> ActionResult:
    zones = [zone.key for zone in person.zones]
    in_words = f": {describe_changes(changes)}" if what == "Changed" else ""
    lines = [style_line("[green]{}[/] {}{}", what, person.user_id, in_words)]
    if person.timezone is not None and find_zone(person.timezone) is None:
        lines.append(
            style_line("[yellow]Warning:[/] {} is no place, and counts as no zone. Set --zone.", person.timezone)
        )
    if not zones:
        lines.append(style_line("[yellow]Warning:[/] the number lies in no place: texts wait until you set --zone."))
    return ActionResult({"user_id": person.user_id, "zones": zones, "changes": dict(changes)}, lines)


def _revocation_time(text: str, zone: tzinfo, now: datetime) -> datetime:
    """When the person asked to get no more texts. A date alone is the end of that local day, at most now.

    So a START of the same day does not end what the person asked later on it.

    Raises:
        typer.BadParameter: it is no ISO 8601 date or time, a time without an offset, or in the future.
    """
    try:
        at = datetime.fromisoformat(text)
        if len(text) == len("2026-03-02"):
            begins, ends = at.replace(tzinfo=zone), (at + timedelta(days=1)).replace(tzinfo=zone)
            at = min(ends, now) if begins <= now else ends
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a date. Write --date 2026-03-02, or 2026-03-02T09:30:00-05:00."
        ) from None
    if at.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset from UTC. Write it as {text}-05:00, or give the date alone.")
    if at > now:
        raise typer.BadParameter(f"{text!r} is in the future. An opt-out counts from when the person asked for it.")
    return at.astimezone(UTC)
