"""Serves the console of one stack on 127.0.0.1."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import uvicorn

from orchestrator.errors import SettingsError
from orchestrator.store.database import connect
from orchestrator_local.console.actions import Actions
from orchestrator_local.console.app import console_app
from orchestrator_local.console.fragments import Fragments
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack
from orchestrator_local.stand_ins.faults import Faults

DEFAULT_PORT = 8400


@contextmanager
def console_server(stack: Stack, *, real_twilio: bool) -> Iterator[str]:
    """Serve the console until the block ends; yields its address.

    The port is `CONSOLE_PORT`. Without it, 8400, or a free port where 8400 is in use.

    Args:
        stack: the stack to show.
        real_twilio: whether texts go to a real phone.

    Raises:
        SettingsError: `CONSOLE_PORT` is not a port, or is in use.
    """
    # The page publishes as an agent does, and reads the queue's address from these variables.
    os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
    with closing(_listen()) as listener:
        port = listener.getsockname()[1]
        faults, open_connection = Faults(stack.phones, stack.claude), partial(connect, stack.database_url)
        app = console_app(
            Fragments(stack, faults, open_connection, real_twilio=real_twilio),
            Actions(stack, faults, open_connection),
            port,
        )
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(3)


def _listen() -> socket.socket:
    wanted = os.environ.get("CONSOLE_PORT")
    if wanted is not None and not (wanted.isdigit() and 0 < int(wanted) < 65_536):
        raise SettingsError(f"CONSOLE_PORT: {wanted!r} is not a port. Give a number from 1 to 65535.")
    for port in [int(wanted)] if wanted else [DEFAULT_PORT, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        return listener
    raise SettingsError(f"CONSOLE_PORT: {wanted} is in use. Give another port, or leave it out.")
