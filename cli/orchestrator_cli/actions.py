"""Asks before a command acts, records what it did, and shows the record: the command `actions`."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from psycopg import Connection

from orchestrator.ids import LAST_ID
from orchestrator.rules.local_time import format_time
from orchestrator.store.operator_actions import Action, RecordedAction, list_actions, record_action
from orchestrator.store.people import find_user
from orchestrator_cli.connection import open_database
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import AS_NAME, AsJson, BeforeId
from orchestrator_cli.output import Table, show, show_json, stack_lines
from orchestrator_cli.target import on_target


@contextmanager
def audit(connection: Connection, now: datetime, action: Action) -> Iterator[None]:
    """Run what an action changes and record it, in one transaction: both are stored, or neither."""
    operator = operator_name()
    with connection.transaction():
        yield
        record_action(connection, action, operator, now)


@on_target
def actions(
    user: Annotated[str | None, typer.Option(help="Only what was done to this person.", **AS_NAME)] = None,
    limit: Annotated[int, typer.Option(help="Actions to show.", min=1)] = 20,
    before: BeforeId = None,
    as_json: AsJson = False,
) -> None:
    """Show what operators did, newest first: who, what, what it changed, and why."""
    with open_database() as (connection, _):
        user_id = find_user(connection, user) if user else None
        found = list_actions(connection, limit, before or LAST_ID, user_id)
    if as_json:
        show_json([dataclasses.asdict(action) for action in found])
        return
    if not found:
        show("No actions are recorded.")
        return
    table = Table("id, time", "operator", "action", "why")
    for action in found:
        what = stack_lines(*describe_action(action))
        table.add_row(stack_lines(action.id, format_time(action.at)), action.operator, what, action.reason or "")
    show(table)
    if len(found) == limit:
        show(f"Older ones: --before {found[-1].id}")


def describe_action(action: RecordedAction) -> list[str]:
    """What an operator did, and below it a line for each change."""
    target = action.target or (f"user {action.user_id}" if action.user_id else "")
    changes = [f"{name}: {_in_words(value)}" for name, value in action.change.items()]
    return [f"{action.action} {target}".strip(), *changes]


def _in_words(value: object) -> str:
    return " → ".join(map(str, value)) if isinstance(value, list) and len(value) == 2 else str(value)
