"""A server that answers HTTP requests with bytes as they are given, over TLS too."""

import itertools
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

ACCEPTED = b'{"sid": "SM1"}'
WITH_LENGTH = b"HTTP/1.1 201 Created\r\nContent-Length: 14\r\n\r\n" + ACCEPTED


@contextmanager
def raw_server(
    answers: Sequence[bytes | None],
    *,
    ends_connection: bool,
    drip: float = 0.0,
    later: bytes = b"",
    tls: ssl.SSLContext | None = None,
) -> Iterator[tuple[str, list[int]]]:
    """A server that answers the requests with these bytes, None with the end of the connection.

    Args:
        ends_connection: whether it ends the connection after an answer.
        drip: seconds after each byte.
        later: bytes that follow each answer 50 ms later.
        tls: what it speaks TLS with.

    Yields:
        Its address, and for each request the number of the connection on which it came.
    """
    connections: list[int] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            number = next(numbers)
            while self.rfile.readline():
                length = 0
                while (line := self.rfile.readline().strip()) != b"":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.rfile.read(length)
                answer = answers[len(connections)]
                connections.append(number)
                if answer is None:
                    return
                with suppress(OSError):  # the client may have closed the connection
                    for place in range(len(answer)) if drip else ():
                        self.wfile.write(answer[place : place + 1])
                        time.sleep(drip)
                    self.wfile.write(b"" if drip else answer)
                if later:
                    time.sleep(0.05)
                    self.wfile.write(later)
                if ends_connection:
                    return

    numbers = itertools.count()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_address[1]}", connections
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
