"""Small HTTP servers on 127.0.0.1."""

import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# A wave of calls connects at once.
_BACKLOG = 128
# How often a server looks whether it should stop, in seconds. The default, 0.5 s, would delay the end of every stack.
_POLL_SECONDS = 0.02


class HttpHandler(BaseHTTPRequestHandler, ABC):
    """A request handler that keeps connections open and logs nothing."""

    protocol_version = "HTTP/1.1"
    # Headers and content leave in two packets. With Nagle's algorithm the second would wait 40 ms for the first.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def do_PUT(self) -> None:
        self.respond()

    def do_DELETE(self) -> None:
        self.respond()

    @abstractmethod
    def respond(self) -> None:
        """Answer one request, whatever its method."""

    def body(self) -> bytes:
        """The content of the request.

        Raises:
            ConnectionError: the client closed the connection before it had sent everything.
        """
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        if len(content) < length:
            raise ConnectionError
        return content

    def reply(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send one answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def listen() -> socket.socket:
    """A socket on a free port of 127.0.0.1. Connections to it wait until a server accepts them."""
    return socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


class HttpServer(ThreadingHTTPServer):
    """Serves a listening socket, with one thread for each connection.

    Args:
        handler: answers the requests.
        listener: the socket to serve; the server closes it.
    """

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), handler, bind_and_activate=False)
        self.socket.close()  # the base class made one of its own
        self.socket = listener

    def start(self) -> None:
        """Serve in the background until `stop`."""
        threading.Thread(target=self.serve_forever, args=[_POLL_SECONDS], daemon=True).start()

    def stop(self) -> None:
        """Accept no more connections."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a traceback, unless the client ended the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler], listener: socket.socket | None = None) -> Iterator[str]:
    """Serve on 127.0.0.1 until the block ends; yields the address.

    Args:
        handler: answers the requests.
        listener: the socket to serve; by default one on a free port.
    """
    listener = listener or listen()
    server = HttpServer(handler, listener)
    server.start()
    try:
        yield url_of(listener)
    finally:
        server.stop()
