"""An HTTP server for a stand-in, and what a broken network makes of its answers."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator_local.listening import QuietHandler, listening


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer, or what a broken network makes of it.

    Attributes:
        drop: the connection ends instead.
        half: it ends in the middle of the content.
        drip: seconds between one byte of the content and the next.
    """

    status: int
    content: Any
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    half: bool = False
    drip: float = 0.0


class StandIn(Protocol):
    """What answers requests."""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer: ...


@contextmanager
def serve(stand_in: StandIn) -> Iterator[str]:
    """Run a stand-in on 127.0.0.1; yields its address."""

    class StandInHandler(QuietHandler):
        def respond(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = stand_in.answer(self.command, self.path, headers, self.body())
            if answer.drop:
                self.close_connection = True
                return
            content = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
            if answer.half or answer.drip:
                self._send_brokenly(answer, content)
            else:
                self.reply(answer.status, content, {"Content-Type": "application/json", **answer.headers})

        def _send_brokenly(self, answer: HttpAnswer, content: bytes) -> None:
            self.close_connection = True
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if answer.half:
                self.wfile.write(content[: len(content) // 2])
                return
            with suppress(OSError):  # whoever waits may have given up
                for byte in content:
                    self.wfile.write(bytes([byte]))
                    time.sleep(answer.drip)

    with listening(StandInHandler) as address:
        yield address
