"""A pooler in transaction mode: it lends a session of Postgres to a client for one transaction at a time."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict

# Client messages after which the server answers until it is ready: Query and Sync.
_ANSWERED = (b"Q", b"S")
_TERMINATE = b"X"
_READY_FOR_QUERY = b"Z"


@dataclass
class _Session:
    """A session of the server, and its answer to the startup message."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes


class _Pooler:
    """Serves clients; of the idle sessions it lends the one that was given back last, as PgBouncer does."""

    def __init__(self, socket: str) -> None:
        self.idle: list[_Session] = []
        self._socket = socket

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it leaves."""
        session: _Session | None = None
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            length = await reader.readexactly(4)
            startup = length + await reader.readexactly(int.from_bytes(length, "big") - 4)
            greeter = await self._lend(startup)
            writer.write(greeter.greeting)
            self.idle.append(greeter)
            while (pair := await _message(reader))[0] != _TERMINATE:
                session = session or await self._lend(startup)
                session.writer.write(pair[1])
                if pair[0] in _ANSWERED and await _pass_answer_on(session.reader, writer):
                    self.idle.append(session)
                    session = None
        if session is not None:
            session.writer.close()  # in the middle of a transaction
        writer.close()

    async def _lend(self, startup: bytes) -> _Session:
        if self.idle:
            return self.idle.pop()
        session = _Session(*await asyncio.open_unix_connection(self._socket), b"")
        session.writer.write(startup)
        session.greeting, _ = await _answer(session.reader)
        return session


@contextmanager
def transaction_pooler(url: str) -> Iterator[str]:
    """Put a pooler before a database without passwords; yields the URL through it."""
    target = conninfo_to_dict(url)
    pooler = _Pooler(f"{target['host']}/.s.PGSQL.{target.get('port', 5432)}")
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(pooler.serve, "127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield (
            f"postgresql://{target.get('user', 'postgres')}@127.0.0.1:{port}/{target['dbname']}"
            "?sslmode=disable&gssencmode=disable"
        )
    finally:
        for session in pooler.idle:
            loop.call_soon_threadsafe(session.writer.close)
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _pass_answer_on(reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> bool:
    """Pass the server's answer on; whether no transaction is open after it."""
    answer, is_idle = await _answer(reader)
    client.write(answer)
    return is_idle


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The kind of the next message, and the whole of it."""
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """What the server sends until it is ready, and whether no transaction is open then."""
    answer = b""
    while True:
        kind, message = await _message(reader)
        answer += message
        if kind == _READY_FOR_QUERY:
            return answer, message[-1:] == b"I"
