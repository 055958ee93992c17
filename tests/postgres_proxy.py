"""A proxy before Postgres that sees every message a client sends, and every answer."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from psycopg.conninfo import conninfo_to_dict

# Called with what is about to cross; False cuts the connection instead.
Boundary = Callable[[str], bool]

# Frontend messages: Execute runs one statement, Sync ends an extended query or a whole pipeline, Query is a simple one.
STATEMENT, SYNC, QUERY, ANSWER = "statement", "sync", "query", "answer"
_FROM_CLIENT = {b"E": STATEMENT, b"S": SYNC, b"Q": QUERY}
# Backend: ReadyForQuery ends the answer to a Sync or a Query.
_FROM_SERVER = {b"Z": ANSWER}
# An encryption request, which comes before the startup message; neither has a type byte.
_ENCRYPTION_REQUEST_LENGTH = 8


class RoundTrips:
    """Counts round trips: what waits for an answer."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, what: str) -> bool:
        self.count += what in (SYNC, QUERY)
        return True


@contextmanager
def counting_proxy(url: str) -> Iterator[tuple[str, RoundTrips]]:
    """Put a proxy before a database; yields the URL through it, and the count."""
    round_trips = RoundTrips()
    with postgres_proxy(url, round_trips) as through:
        yield through, round_trips


@contextmanager
def postgres_proxy(url: str, at_boundary: Boundary) -> Iterator[str]:
    """Put a proxy before a database; yields the URL through it."""
    target = conninfo_to_dict(url)
    loop = asyncio.new_event_loop()
    port: list[int] = []
    ready = threading.Event()

    async def serve(client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        host = str(target["host"])
        if host.startswith("/"):
            server_in, server_out = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{target.get('port', 5432)}")
        else:
            server_in, server_out = await asyncio.open_connection(host, int(str(target.get("port", 5432))))
        ways = (
            _pump(client_in, server_out, _FROM_CLIENT, at_boundary, typed=False),
            _pump(server_in, client_out, _FROM_SERVER, at_boundary, typed=True),
        )
        tasks = [asyncio.ensure_future(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for end in (client_out, server_out):
            end.close()

    async def start() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    task = loop.create_task(start())

    def run() -> None:
        asyncio.set_event_loop(loop)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        left = asyncio.all_tasks(loop)
        for connection in left:
            connection.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(5)
    user = f"{target.get('user', '')}{':' + str(target['password']) if target.get('password') else ''}"
    try:
        yield f"postgresql://{user}@127.0.0.1:{port[0]}/{target['dbname']}?sslmode=disable&gssencmode=disable"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(5)


async def _pump(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    kinds: dict[bytes, str],
    at_boundary: Boundary,
    *,
    typed: bool,
) -> None:
    """Pass protocol messages on, one by one, until one side ends or a boundary cuts.

    Args:
        typed: whether messages begin with a type byte from the first one on; a client's do so after its startup message.
    """
    buffer = b""
    while data := await source.read(65536):
        buffer += data
        while (length := _length(buffer, typed)) is not None and len(buffer) >= length:
            message, buffer = buffer[:length], buffer[length:]
            kind = kinds.get(message[:1]) if typed else None
            if kind is not None and not at_boundary(kind):
                return
            typed = typed or length != _ENCRYPTION_REQUEST_LENGTH
            if sink.is_closing():
                return
            sink.write(message)
        await sink.drain()


def _length(buffer: bytes, typed: bool) -> int | None:
    """How long the message at the beginning is; None while that cannot be told."""
    type_length = 1 if typed else 0
    if len(buffer) < type_length + 4:
        return None
    return int.from_bytes(buffer[type_length : type_length + 4], "big") + type_length
