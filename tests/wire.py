"""A proxy before Postgres that counts round trips as they cross the wire."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.conninfo import conninfo_to_dict

# The frontend messages that wait for an answer: Sync ends an extended query or a whole pipeline, Query is a simple one.
_WAITS_FOR_ANSWER = (b"S", b"Q")


class RoundTrips:
    """How many there were so far."""

    def __init__(self) -> None:
        self.count = 0


class _Frontend:
    """Splits what a client sends into protocol messages."""

    def __init__(self, round_trips: RoundTrips) -> None:
        self._buffer = b""
        self._started = False
        self._round_trips = round_trips

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while True:
            kind_length = 1 if self._started else 0
            if len(self._buffer) < kind_length + 4:
                return
            length = int.from_bytes(self._buffer[kind_length : kind_length + 4], "big") + kind_length
            if len(self._buffer) < length:
                return
            kind, self._buffer = self._buffer[:kind_length], self._buffer[length:]
            # An encryption request (8 bytes) comes before the startup message and has no type either.
            self._started = self._started or length != 8
            self._round_trips.count += kind in _WAITS_FOR_ANSWER


@contextmanager
def counting_proxy(url: str) -> Iterator[tuple[str, RoundTrips]]:
    """Put a proxy before a database; yields the URL through it, and the count."""
    target = conninfo_to_dict(url)
    round_trips = RoundTrips()
    loop = asyncio.new_event_loop()
    port: list[int] = []
    ready = threading.Event()

    async def serve(client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        host = str(target["host"])
        if host.startswith("/"):
            server_in, server_out = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{target.get('port', 5432)}")
        else:
            server_in, server_out = await asyncio.open_connection(host, int(str(target.get("port", 5432))))
        frontend = _Frontend(round_trips)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, count: bool) -> None:
            while data := await source.read(65536):
                if count:
                    frontend.feed(data)
                sink.write(data)
                await sink.drain()
            sink.close()

        await asyncio.gather(pump(client_in, server_out, count=True), pump(server_in, client_out, count=False))

    async def start() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    task = loop.create_task(start())

    def run() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(5)
    user = f"{target.get('user', '')}{':' + str(target['password']) if target.get('password') else ''}"
    try:
        yield (
            f"postgresql://{user}@127.0.0.1:{port[0]}/{target['dbname']}?sslmode=disable&gssencmode=disable",
            round_trips,
        )
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(5)
