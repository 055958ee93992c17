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
from orchestrator_local.console.app import console
from orchestrator_local.console.fragments import Fragments
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack
from orchestrator_local.stand_ins.trouble import Trouble

USUAL_PORT = 8400


@contextmanager
def console_of(stack: Stack, *, real_twilio: bool) -> Iterator[str]:
    """Serve until the block ends; yields the address.

    The port is `CONSOLE_PORT`, or else 8400, or else any that is free.

    Raises:
        SettingsError: `CONSOLE_PORT` is no port, or is taken.
    """
    # The publishing client of the page, like an agent's, finds the queue by these.
    os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
    with closing(_listen()) as listener:
        port = listener.getsockname()[1]
        trouble, open_connection = Trouble(stack.phones, stack.claude), partial(connect, stack.database_url)
        app = console(
            Fragments(stack, trouble, open_connection, real_twilio=real_twilio),
            Actions(stack, trouble, open_connection),
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
        raise SettingsError(f"CONSOLE_PORT: {wanted!r} is no port. Give a number from 1 to 65535.")
    for port in [int(wanted)] if wanted else [USUAL_PORT, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        return listener
    raise SettingsError(f"CONSOLE_PORT: {wanted} is taken. Give another one, or leave it out.")
