"""How commands show pauses: the banner above what else they print."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.pause_words import PauseRow, describe_in_words
from orchestrator.store.pauses import list_pauses
from orchestrator_cli.output import show, show_note, style_line


def pauses_of_person(connection: Connection, user_id: UUID, now: datetime) -> list[PauseRow]:
    """The pauses in force that may stop a text to this person: all but those of other people."""
    return [pause for pause in list_pauses(connection, now) if pause.scope != "user" or pause.value == str(user_id)]


def show_banner(pauses: Iterable[PauseRow], *, as_note: bool = False) -> None:
    """Print a line for each pause, above what the command prints.

    Args:
        as_note: print to standard error, because standard output carries JSON that has no place for them.
    """
    for pause in pauses:
        line = style_line("[bold yellow]PAUSED[/] {}", describe_in_words(pause))
        (show_note if as_note else show)(line)
