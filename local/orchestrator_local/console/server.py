"""Serves the console of one stack on 127.0.0.1."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.store.database import connect
from orchestrator_cli.console.app import operator_routes
from orchestrator_cli.console.serving import serve_on_loopback
from orchestrator_local.console.actions import Actions
from orchestrator_local.console.app import OPERATOR_PAGES, console_app
from orchestrator_local.console.fragments import Fragments
from orchestrator_local.stack import Stack
from orchestrator_local.stand_ins.faults import Faults


@contextmanager
def console_server(stack: Stack, *, real_twilio: bool) -> Iterator[str]:
    """Serve the console until the block ends; yields its address.

    Args:
        stack: the stack to show.
        real_twilio: whether texts go to a real phone.

    Raises:
        SettingsError: `CONSOLE_PORT` is not a port, or is in use.
    """

    @contextmanager
    def open_database() -> Iterator[tuple[Connection, Clock]]:
        with connect(stack.database_url) as connection:
            yield connection, stack.clock

    # The page publishes as an agent does, and the operator's pages act as commands do: both read these variables.
    os.environ.update(stack.environment)
    faults, open_connection = Faults(stack.phones, stack.claude), partial(connect, stack.database_url)
    fragments = Fragments(stack, faults, open_connection, real_twilio=real_twilio)
    actions = Actions(stack, faults, open_connection)
    pages = operator_routes(open_database, "the local stack", OPERATOR_PAGES, home="/")
    with serve_on_loopback(partial(console_app, fragments, actions, operator_pages=pages)) as port:
        yield f"http://127.0.0.1:{port}"
