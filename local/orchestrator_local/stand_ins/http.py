"""Serves a stand-in over HTTP, and breaks its answers as a network does where a test asks for it."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator_local.http_server import HttpHandler, http_server


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer, and how the network breaks it.

    Attributes:
        status: the HTTP status.
        content: the bytes of the answer, or a value to encode as JSON.
        headers: more headers.
        drop: end the connection instead of answering.
        half: end the connection in the middle of the content.
        drip: seconds to wait after each byte of the content.
    """

    status: int
    content: Any
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    half: bool = False
    drip: float = 0.0


class StandIn(Protocol):
    """Answers the requests that a real service would receive."""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Answer one request; the names of the headers are in lower case."""


@contextmanager
def serve(stand_in: StandIn, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve a stand-in on 127.0.0.1 until the block ends; yields its address.

    Args:
        stand_in: answers the requests.
        listener: the socket to serve; by default one on a free port.
    """

    class StandInHandler(HttpHandler):
        def respond(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = stand_in.answer(self.command, self.path, headers, self.body())
            if answer.drop:
                self.close_connection = True
                return
            content = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
            if answer.half or answer.drip:
                self._send_broken(answer, content)
            else:
                self.reply(answer.status, content, {"Content-Type": "application/json", **answer.headers})

        def _send_broken(self, answer: HttpAnswer, content: bytes) -> None:
            self.close_connection = True
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")  # or the next request might come as it closes
            self.end_headers()
            if answer.half:
                self.wfile.write(content[: len(content) // 2])
                return
            with suppress(OSError):  # the client may have closed the connection
                for byte in content:
                    self.wfile.write(bytes([byte]))
                    time.sleep(answer.drip)

    with http_server(StandInHandler, listener) as address:
        yield address
