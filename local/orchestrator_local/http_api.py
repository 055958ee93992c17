"""An HTTP API on this machine: requests become events of payload 2.0, as API Gateway makes them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orchestrator_local.listening import QuietHandler, listening
from orchestrator_local.runtime import FunctionFailed, FunctionProcess


@contextmanager
def http_api(routes: Mapping[tuple[str, str], FunctionProcess]) -> Iterator[str]:
    """Serve functions by method and path on 127.0.0.1, until the block ends; yields the address."""

    class ApiHandler(QuietHandler):
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

    with listening(ApiHandler) as address:
        yield address


def _invoke(function: FunctionProcess, event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = function.invoke(event)
    except FunctionFailed:
        return {"statusCode": 500}  # as API Gateway answers; the function's log says why
    return answer
