"""The stop button."""

from typing import Annotated

import typer
from rich import print as show

from orchestrator.store import pauses as store
from orchestrator_cli.connection import Local, open_database

EVERYTHING = ("everything", "")


def pause(
    note: Annotated[str | None, typer.Option(help="Why, for whoever looks next.")] = None, local: Local = False
) -> None:
    """Stop all sending, also of what is already in the delivery queue. What is paused waits; nothing is lost."""
    with open_database(local) as (connection, clock):
        changed = store.pause(connection, *EVERYTHING, note, clock())
    show("[yellow]Paused:[/] nothing is sent until `orchestrator resume`." if changed else "It was paused already.")


def resume(local: Local = False) -> None:
    """Send again; what waited goes with the next minute."""
    with open_database(local) as (connection, _):
        changed = store.resume(connection, *EVERYTHING)
    show("[green]Resumed.[/]" if changed else "It was not paused.")
