"""Twilio's Messages API in a process of its own, which accepts every text at once."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from bench.processes import ROOT
from orchestrator_local.stand_ins.http import HttpAnswer, serve


class _MessagesApi:
    """Answers each request as Twilio answers an accepted text."""

    def answer(self, _method: str, _path: str, _headers: dict[str, str], _body: bytes) -> HttpAnswer:
        return HttpAnswer(201, json.dumps({"sid": f"SM{uuid4().hex}", "status": "queued"}).encode())


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


if __name__ == "__main__":
    with serve(_MessagesApi()) as address:
        print(address, flush=True)
        while sys.stdin.read(1):
            time.sleep(0.1)
