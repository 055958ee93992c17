"""Twilio's Messages API in a process of its own, which accepts every text at once, and costs little beside what calls."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from bench.processes import ROOT

_CONTENT_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


class _MessagesApi(asyncio.Protocol):
    """Answers each request of a connection as Twilio answers an accepted text."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end_of_headers := self._received.find(b"\r\n\r\n")) >= 0:
            length = _CONTENT_LENGTH.search(self._received, 0, end_of_headers)
            end = end_of_headers + 4 + (int(length[1]) if length else 0)
            if len(self._received) < end:
                return
            self._received = self._received[end:]
            content = json.dumps({"sid": f"SM{uuid4().hex}", "status": "queued"}).encode()
            head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            self._transport.write(head.encode() + content)


@contextmanager
def http_twilio() -> Iterator[str]:
    """Run the API until the block ends; yields its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.http_twilio"], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_MessagesApi, "127.0.0.1", 0, backlog=128)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)  # until the bench ends, however it ends


if __name__ == "__main__":
    asyncio.run(_serve())
