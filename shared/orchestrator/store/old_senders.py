"""Lists old senders, which hand our rows to another sender, and triggers that stop changes of a number."""

from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.errors import OrchestratorError
from orchestrator.store.database import sql

# What an operator may know before dropping a trigger of the owner that changes the history of numbers.
OURS_REPLACE_IT = "Our own triggers keep the history of numbers, and close the conversations of the old one."


@dataclass(frozen=True, slots=True)
class OldSender:
    """A trigger, rule, publication or cron job that another sender has in the database.

    Attributes:
        kind: `trigger`, `rule`, `publication`, `cron job`; `hidden jobs` where the jobs cannot be read.
        removal: the SQL that removes it, or that shows the jobs.
    """

    kind: str
    name: str
    removal: str


@dataclass(frozen=True, slots=True)
class NumberTrigger:
    """An owner's trigger that fails on each change of a number.

    Attributes:
        removal: the SQL that ends it. Our own triggers do what it is meant to do.
    """

    name: str
    removal: str


def list_old_senders(connection: Connection) -> list[OldSender]:
    """List what may hand outbound rows of `messages`, or waiting rows of `message_queue`, to another sender (R12)."""
    with connection.cursor(row_factory=class_row(OldSender)) as cursor:
        return cursor.execute(sql("list_old_senders")).fetchall()


def list_failing_number_triggers(connection: Connection) -> list[NumberTrigger]:
    """List the owner's triggers on `users` that fail on each change of a number."""
    with connection.cursor(row_factory=class_row(NumberTrigger)) as cursor:
        return cursor.execute(sql("list_failing_number_triggers")).fetchall()


class NumberTriggerFails(OrchestratorError):
    """A trigger of the owner would fail on a change of a number; the text names it and the fix."""


def require_changeable_numbers(connection: Connection) -> None:
    """Check that no trigger of the owner fails on a change of a number.

    Raises:
        NumberTriggerFails: there is one; nothing was changed.
    """
    triggers = list_failing_number_triggers(connection)
    if triggers:
        names = ", ".join(trigger.name for trigger in triggers)
        fix = " ".join(trigger.removal for trigger in triggers)
        raise NumberTriggerFails(
            f"users.phone_number cannot be changed: {names} on users updates the row that is being updated, which "
            f"Postgres refuses. Run {fix} {OURS_REPLACE_IT}"
        )
