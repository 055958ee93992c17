"""Lambda's Invoke API on this machine, so that boto3 invokes a function of the stack unchanged.

The requests, answers and limits: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote

from orchestrator_local.http_server import HttpHandler, http_server
from orchestrator_local.runtime import LIVE, FunctionFailed, FunctionProcess

# The most bytes of a request and of an answer (Lambda quotas: 6 MB each for synchronous invocations).
MOST_BYTES = 6 * 1024 * 1024
_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
# A function's name, a partial ARN or an ARN, each with a version or an alias or without.
_FUNCTION = re.compile(
    r"(?:(?:arn:[a-z-]+:lambda:[a-z0-9-]+:)?\d{12}:function:)?([A-Za-z0-9-_]+)(?::([A-Za-z0-9-_$]+))?"
)
# The aliases that exist here: the one of a deploy, and every one that an owner could make for an agent.
_ALIAS = re.compile(rf"{LIVE}|agent-[a-z0-9_-]+|\$LATEST")


@contextmanager
def invoke_api(functions: Mapping[str, FunctionProcess], listener: socket.socket) -> Iterator[None]:
    """Serve the API for these functions until the block ends.

    Args:
        functions: the running functions by their names.
        listener: the socket to serve.
    """

    class InvokeHandler(HttpHandler):
        def respond(self) -> None:
            content = self.body()
            name, alias = _invoked(self.path) if self.command == "POST" else ("", "")
            if name not in functions or not _ALIAS.fullmatch(alias):
                self._refuse(404, "ResourceNotFoundException", f"Function not found: {name}:{alias}")
            elif len(content) > MOST_BYTES:
                self._refuse(413, "RequestTooLargeException", f"The payload is over {MOST_BYTES} bytes")
            elif self.headers.get("X-Amz-Invocation-Type", "RequestResponse") != "RequestResponse":
                self._refuse(400, "InvalidParameterValueException", "Only RequestResponse is served here")
            else:
                self._invoke(functions[name], alias, content)

        def _invoke(self, process: FunctionProcess, alias: str, content: bytes) -> None:
            try:
                event = json.loads(content or b"{}")
            except ValueError:
                self._refuse(400, "InvalidRequestContentException", "Could not parse request body into json")
                return
            headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
            try:
                answer = json.dumps(process.invoke(event, alias)).encode()
            except FunctionFailed as failure:
                answer = _failure("Unhandled", str(failure))
                headers["X-Amz-Function-Error"] = "Unhandled"
            if len(answer) > MOST_BYTES:
                answer = _failure("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed")
                headers["X-Amz-Function-Error"] = "Unhandled"
            self.reply(200, answer, headers)

        def _refuse(self, status: int, error: str, message: str) -> None:
            body = json.dumps({"Type": "User", "Message": message}).encode()
            self.reply(status, body, {"Content-Type": "application/json", "x-amzn-ErrorType": error})

    with http_server(InvokeHandler, listener):
        yield


def _invoked(address: str) -> tuple[str, str]:
    """The function and the alias that a request names; empty texts where it names none."""
    path, _, query = address.partition("?")
    found = _PATH.fullmatch(path)
    named = _FUNCTION.fullmatch(unquote(found[1])) if found else None
    if named is None:
        return "", ""
    return named[1], parse_qs(query).get("Qualifier", [named[2] or "$LATEST"])[0]


def _failure(kind: str, message: str) -> bytes:
    content: dict[str, Any] = {"errorType": kind, "errorMessage": message}
    return json.dumps(content).encode()
