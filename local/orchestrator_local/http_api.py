"""An HTTP API on this machine: turns requests into events of payload format 2.0, as API Gateway does.

The format: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orchestrator_local.http_server import HttpHandler, http_server
from orchestrator_local.runtime import FunctionFailed, FunctionProcess


@contextmanager
def http_api(functions: Iterable[FunctionProcess], listener: socket.socket) -> Iterator[None]:
    """Serve the routes of these functions until the block ends.

    Args:
        functions: the running functions; those without routes are ignored.
        listener: the socket to serve.
    """
    routes = {route: process for process in functions for route in process.function.routes}

    class ApiHandler(HttpHandler):
        def respond(self) -> None:
            body = self.body().decode()
            path, _, query = self.path.partition("?")
            function = routes.get((self.command, path))
            answer: Mapping[str, Any] = {"statusCode": 404}
            if function is not None:
                answer = _invoke(function, self._event(path, query, body))
            self.reply(int(answer["statusCode"]), str(answer.get("body", "")).encode(), answer.get("headers"))

        def _event(self, path: str, query: str, body: str) -> dict[str, Any]:
            return {
                "version": "2.0",
                "routeKey": f"{self.command} {path}",
                "rawPath": path,
                "rawQueryString": query,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "requestContext": {
                    "domainName": self.headers.get("Host", ""),
                    "http": {"method": self.command, "path": path, "sourceIp": self.client_address[0]},
                },
                "body": body,
                "isBase64Encoded": False,
            }

    with http_server(ApiHandler, listener):
        yield


def _invoke(function: FunctionProcess, event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = function.invoke(event)
    except FunctionFailed:
        return {"statusCode": 500}  # as API Gateway answers; the function's log has the reason
    return answer
