"""The HTTP client of the Twilio SDK: distinguishes a request that never left from one that may have arrived (G2)."""

import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import urllib3
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response

from orchestrator.clock import Stopwatch

TWILIO_HOST = "https://api.twilio.com"
# Twilio serves messaging services, and answers about numbers, from other hosts; a stand-in serves all.
MESSAGING_HOST = "https://messaging.twilio.com"
LOOKUPS_HOST = "https://lookups.twilio.com"
# Network equipment drops idle connections silently, so a connection idle for longer is not reused for a text.
IDLE_SECONDS = 20.0
CONNECT_SECONDS = 5.0
# The largest code that the database's `integer` holds. Twilio's codes have five or six digits.
LARGEST_CODE = 2**31 - 1


class NotConnected(TwilioException):
    """The connection could not be made: nothing was sent."""


class MaybeSent(TwilioException):
    """All or part of the request left, and no whole answer came: the text may have been sent."""


class ErrorAnswer(TwilioException):
    """The answer is an error. The SDK's own exceptions take status and code from the body as they stand there.

    Attributes:
        status: the HTTP status.
        code: Twilio's error code; None where the answer has none that can be read.
        retry_after: seconds that Twilio asked us to wait; None where it gave none.
    """

    def __init__(self, status: int, code: int | None, retry_after: float | None) -> None:
        self.status = status
        self.code = code
        self.retry_after = retry_after
        super().__init__(f"HTTP {status}, code {code}")


# The connection that each thread uses, where the watchdog finds it.
_in_use = threading.local()


class _Connection:
    """Shared by both schemes: raises `NotConnected` for a failure to connect, and shows the watchdog the socket."""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # of urllib3's class, which follows in the MRO
        except Exception as error:  # refused, DNS, TLS, timeout: no request had left
            raise NotConnected(type(error).__name__) from error

    def request(self, *arguments: Any, **options: Any) -> None:
        _in_use.connection = self
        super().request(*arguments, **options)  # type: ignore[misc]


class _HttpConnection(_Connection, urllib3.connection.HTTPConnection):
    pass


class _HttpsConnection(_Connection, urllib3.connection.HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class UrllibClient(HttpClient):
    """Twilio's requests over urllib3, with connection reuse and no retries (G2).

    Args:
        base_url: the address that replaces https://api.twilio.com.
        timeout: seconds for the connection, and again for the whole answer.
        connections: how many calls may go side by side.
    """

    def __init__(self, base_url: str, timeout: float, connections: int) -> None:
        self._base_url = base_url
        self._seconds = timeout
        self._timeout = urllib3.Timeout(connect=min(timeout, CONNECT_SECONDS), read=timeout)
        self._pools = urllib3.PoolManager(maxsize=connections, retries=False)
        self._pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        self._since_use = Stopwatch()

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002  (the SDK's interface)
        allow_redirects: bool = False,  # noqa: ARG002
    ) -> Response:
        """Make one request, once.

        Raises:
            NotConnected: nothing was sent.
            MaybeSent: no whole answer came.
            ErrorAnswer: the status of the answer is not 2xx.
        """
        if self._since_use.seconds() > IDLE_SECONDS:
            self._pools.clear()
        all_headers = {**(headers or {}), **(urllib3.make_headers(basic_auth=":".join(auth)) if auth else {})}
        body = None
        if data is not None:
            body = urlencode({name: value for name, value in data.items() if value is not None}, doseq=True)
            all_headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = url
        if self._base_url != TWILIO_HOST:
            for host in (TWILIO_HOST, MESSAGING_HOST, LOOKUPS_HOST):
                target = target.replace(host, self._base_url, 1)
        if params:
            target = f"{target}?{urlencode({k: v for k, v in params.items() if v is not None}, doseq=True)}"
        answer = self._call(method, target, body, all_headers)
        if not 200 <= answer.status < 300:
            raise ErrorAnswer(answer.status, _code_of(answer.data), _seconds_of(answer.headers.get("Retry-After")))
        return Response(answer.status, answer.data.decode("utf-8", "replace"), dict(answer.headers))

    def _call(self, method: str, target: str, body: str | None, headers: Mapping[str, str]) -> Any:
        _in_use.connection = None
        # urllib3's read timeout starts again with each byte, so an answer that drips in would never end.
        watchdog = threading.Timer(self._seconds + CONNECT_SECONDS, _cut, [_in_use.__dict__])
        watchdog.start()
        try:
            return self._pools.request(
                method, target, body=body, headers=headers, timeout=self._timeout, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise MaybeSent(type(error).__name__) from error
        finally:
            watchdog.cancel()
            self._since_use.restart()


def _cut(in_use: Mapping[str, Any]) -> None:
    """Shut down the connection on which another thread waits; its call fails as on a dropped connection."""
    connection = in_use.get("connection")
    if connection is not None and connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _code_of(body: bytes) -> int | None:
    try:
        code = int(json.loads(body)["code"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return code if 0 < code <= LARGEST_CODE else None


def _seconds_of(retry_after: str | None) -> float | None:
    """The `Retry-After` header in seconds; its other form, a date, counts as not given."""
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None
