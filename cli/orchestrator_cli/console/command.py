"""The command `console`: serves the operator's pages on this machine until Ctrl-C."""

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from orchestrator.clock import Clock
from orchestrator.settings import DatabaseSettings, load
from orchestrator_cli.connection import open_database
from orchestrator_cli.extras import require_extra
from orchestrator_cli.output import show, style_line
from orchestrator_cli.target import deployed_stack, on_target


@on_target
def console() -> None:
    """Serve pages about messages, people and trouble at 127.0.0.1, until Ctrl-C.

    Your AWS credentials and database address are the only authentication. Do not pass the printed address on: it holds
    a token, without which other users of this machine cannot open the pages.
    """
    with require_extra("console", "console"):
        from orchestrator_cli.console.app import operator_console
        from orchestrator_cli.console.serving import serve_on_loopback
    with database_of_request():
        pass  # an error of the settings or the database is reported here, and not on a page
    token = secrets.token_urlsafe(24)
    with serve_on_loopback(partial(operator_console, database_of_request, _target(), token)) as port:
        show(
            style_line("The console of {} runs at", _target()),
            style_line("  [bold]{}[/]", f"http://127.0.0.1:{port}/{token}/"),
            "Other users of this machine cannot open it without the token. Ctrl-C ends it.",
        )
        with suppress(KeyboardInterrupt):
            wait_for_interrupt()


def wait_for_interrupt() -> None:
    """Wait until Ctrl-C.

    Raises:
        KeyboardInterrupt: always.
    """
    while True:
        time.sleep(3600)


@contextmanager
def database_of_request() -> Iterator[tuple[Connection, Clock]]:
    """A connection of its own for each request, which runs in a thread of its own."""
    with open_database() as (connection, clock), closing(connection):
        yield connection, clock


def _target() -> str:
    """The stack in words: its name, or the database and its host."""
    if stack := deployed_stack():
        return f"stack {stack}"
    address = conninfo_to_dict(load(DatabaseSettings).database_url.get_secret_value())
    return f"{address.get('dbname', 'the database')} at {address.get('host', 'this machine')}"
