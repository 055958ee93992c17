"""The stop button, for everything, a lane, an agent or a person (R13)."""

from datetime import datetime
from typing import Annotated

import typer
from psycopg import Connection
from rich.markup import escape

from orchestrator.messages import Lane
from orchestrator.store import pauses as store
from orchestrator.store.people import find_user
from orchestrator_cli.connection import open_database
from orchestrator_cli.output import AsJson, tell
from orchestrator_cli.target import on_target

OfLane = Annotated[Lane | None, typer.Option("--lane", help="Only this lane.")]
OfAgent = Annotated[str | None, typer.Option("--agent", help="Only agents whose id begins like this.")]
OfUser = Annotated[str | None, typer.Option("--user", help="Only this person: our UUID, or your own id.")]


@on_target
def pause(
    lane: OfLane = None,
    agent: OfAgent = None,
    user: OfUser = None,
    note: Annotated[str | None, typer.Option(help="Why, for whoever looks next.")] = None,
    as_json: AsJson = False,
) -> None:
    """Stop sending, also of what is already in the delivery queue. What is paused waits; nothing is lost."""
    with open_database() as (connection, clock):
        scope, value = _scope(connection, lane, agent, user)
        changed = store.pause(connection, scope, value, note, clock())
    said = f"[yellow]Paused:[/] {_named(scope, value)}, until resumed." if changed else "It was paused already."
    tell({"scope": scope, "value": value, "changed": changed}, said, as_json=as_json)


@on_target
def resume(
    lane: OfLane = None,
    agent: OfAgent = None,
    user: OfUser = None,
    spending: Annotated[bool, typer.Option("--spending", help="What waits past the day's ceiling.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send again; what waited goes with the next minute. This also lets go of the brake, or of a refused account."""
    with open_database() as (connection, _):
        scope, value = ("spending", "") if spending else _scope(connection, lane, agent, user)
        changed = store.resume(connection, scope, value)
        if scope == "agent":
            changed |= store.resume(connection, "brake", value)
        if scope == "lane":
            changed |= store.resume(connection, "busy", value)
        if scope == "everything":
            changed |= store.resume(connection, "provider", value)
        others = store.pauses(connection)
    still = [
        {"scope": other_scope, "value": other_value, "note": note, "since": since, "ends_at": ends_at}
        for other_scope, other_value, note, since, ends_at in others
    ]
    said = f"[green]Resumed:[/] {_named(scope, value)}." if changed else "It was not paused."
    facts = {"scope": scope, "value": value, "changed": changed, "still_paused": still}
    tell(facts, said, *map(_still_paused, others), as_json=as_json)


def _still_paused(pause: tuple[str, str, str | None, datetime, datetime | None]) -> str:
    scope, value, note, since, ends_at = pause
    until = f", ends {ends_at:%d %b %H:%M %Z}" if ends_at else ""
    return f"Still paused: {_named(scope, value)} since {since:%d %b %H:%M %Z}{until} {escape(note or '')}"


def _scope(connection: Connection, lane: Lane | None, agent: str | None, user: str | None) -> tuple[str, str]:
    given = [option for option in (lane, agent, user) if option is not None]
    if len(given) > 1:
        raise typer.BadParameter("Give one of --lane, --agent and --user; or none, for everything.")
    if lane is not None:
        return "lane", lane.value
    if agent is not None:
        return "agent", agent
    if user is not None:
        return "user", str(find_user(connection, user))
    return "everything", ""


def _named(scope: str, value: str) -> str:
    return f"{scope} {value}".strip()
