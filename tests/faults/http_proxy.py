"""A proxy before an HTTP service that sees every request and every answer."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import urllib3

from orchestrator_local.http_server import HttpHandler, http_server
from tests.postgres_proxy import Boundary

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


@contextmanager
def http_proxy(target: str, at_boundary: Boundary) -> Iterator[str]:
    """Put a proxy before a service; yields its address. A boundary that says False cuts the connection there."""
    upstream = urllib3.PoolManager(maxsize=20, retries=False)

    class ProxyHandler(HttpHandler):
        def respond(self) -> None:
            body = self.body()
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = None
            if at_boundary("request"):
                with suppress(urllib3.exceptions.HTTPError):
                    answer = upstream.request(self.command, target + self.path, body=body, headers=headers)
            if answer is None or not at_boundary("answer"):
                self.close_connection = True
                return
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            self.reply(answer.status, answer.data, kept)

    with http_server(ProxyHandler) as address:
        yield address
