"""Serves the console of one stack on 127.0.0.1."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from orchestrator.store.database import connect
from orchestrator_cli.console.serving import serve_on_loopback
from orchestrator_local.console.actions import Actions
from orchestrator_local.console.app import console_app
from orchestrator_local.console.fragments import Fragments
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack
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
    # The page publishes as an agent does, and reads the queue's address from these variables.
    os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
    faults, open_connection = Faults(stack.phones, stack.claude), partial(connect, stack.database_url)
    fragments = Fragments(stack, faults, open_connection, real_twilio=real_twilio)
    actions = Actions(stack, faults, open_connection)
    with serve_on_loopback(partial(console_app, fragments, actions)) as port:
        yield f"http://127.0.0.1:{port}"
