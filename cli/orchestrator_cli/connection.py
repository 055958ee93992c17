"""Which database a command acts on."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from psycopg import Connection

from orchestrator.clock import Clock, clock_from_environment
from orchestrator.errors import SettingsError
from orchestrator.settings import DatabaseSettings, load
from orchestrator.store.database import Database

# Written by the running local stack: the environment that its functions have.
LOCAL_STATE = Path(".local/environment.json")

Local = Annotated[bool, typer.Option("--local", help="Act on the running local stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def use_local_stack() -> None:
    """Put the local stack's environment in place of this process's own.

    Raises:
        SettingsError: no local stack runs here.
    """
    if not LOCAL_STATE.exists():
        raise SettingsError("--local: no local stack runs in this folder. Start it with `make local`.")
    os.environ.update(json.loads(LOCAL_STATE.read_text()))


@contextmanager
def open_database(local: bool) -> Iterator[tuple[Connection, Clock]]:
    """The database that the environment, or the local stack, names, and the clock that goes with it."""
    if local:
        use_local_stack()
    with Database(load(DatabaseSettings)).connection() as connection:
        yield connection, clock_from_environment()
