"""The HTTP client of the Twilio SDK: distinguishes a request that never left from one that may have arrived (G2)."""

import io
import json
import select
import socket
import ssl
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from http.client import HTTP_PORT, HTTPS_PORT, HTTPConnection, HTTPResponse, HTTPSConnection
from threading import Lock
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response

from orchestrator.clock import Countdown, Stopwatch, countdown

TWILIO_HOST = "https://api.twilio.com"
# Twilio serves messaging services, and answers about numbers, from other hosts; a stand-in serves all.
MESSAGING_HOST = "https://messaging.twilio.com"
LOOKUPS_HOST = "https://lookups.twilio.com"
# Network equipment drops idle connections silently, so a connection idle for longer is not reused for a text.
IDLE_SECONDS = 20.0
CONNECT_SECONDS = 5.0
# A page of Twilio's list of messages has about 1 MB.
MOST_BYTES = 32 * 2**20
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


class _DeadlineReader(io.RawIOBase):
    """Reads an answer until a deadline: a socket's own timeout starts again with each byte that drips in."""

    def __init__(self, of_socket: io.RawIOBase, connection: socket.socket, time_left: Countdown) -> None:
        self._of_socket = of_socket
        self._connection = connection
        self._time_left = time_left
        self._bytes_left = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _seconds_left(self._time_left)
        if self._bytes_left <= 0:
            raise OSError("the answer is too long")
        self._connection.settimeout(left)
        count = self._of_socket.readinto(buffer)
        self._bytes_left -= count or 0
        return count

    def close(self) -> None:
        self._of_socket.close()  # where the connection ends with this answer, it ends here
        super().close()


class _AnswerInTime(HTTPResponse):
    def __init__(self, time_left: Countdown, connection: socket.socket, method: str | None = None) -> None:
        super().__init__(connection, method=method)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), connection, time_left))

    def begin(self) -> None:
        """Read the head of the final answer.

        The standard library reads over a 100 alone. Each other 1xx would end the answer, and the final one would be
        taken for the answer to the next request of the connection (RFC 9110, section 15.2).
        """
        super().begin()
        while self.status < 200:
            self.headers = None  # type: ignore[assignment]  # without headers it reads a head
            super().begin()
        if (self.length or 0) > MOST_BYTES:  # `read` may take the memory for all of it at once (CVE-2025-13836)
            raise OSError("the answer is too long")


class UnrepeatedClient(HttpClient):
    """Twilio's requests over `http.client`, which repeats nothing by itself (G2); connections are used again.

    Args:
        base_url: the address that replaces https://api.twilio.com.
        timeout: seconds for the connection and the whole answer together; at most half of them for the connection.
        connections: how many calls may go side by side.
    """

    def __init__(self, base_url: str, timeout: float, connections: int) -> None:
        self._base_url = base_url
        self._seconds = timeout
        self._most_idle = connections
        # By scheme, host and port; the one used last is used next. A thread takes one out, or puts one back, in one
        # step of the interpreter.
        self._idle: defaultdict[tuple[str, str], list[tuple[HTTPConnection, Stopwatch]]] = defaultdict(list)
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = Lock()

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
        all_headers = dict(headers or {})
        if auth:
            all_headers["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        body = None
        if data is not None:
            body = _encoded(data).encode()
            all_headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = url
        if self._base_url != TWILIO_HOST:
            for host in (TWILIO_HOST, MESSAGING_HOST, LOOKUPS_HOST):
                target = target.replace(host, self._base_url)
        if params:
            target = f"{target}?{_encoded(params)}"
        answer, content = self._call(method, urlsplit(target), body, all_headers)
        if not 200 <= answer.status < 300:
            raise ErrorAnswer(answer.status, _code_of(content), _seconds_of(answer.headers.get("Retry-After")))
        return Response(answer.status, content.decode("utf-8", "replace"), dict(answer.headers))

    def _call(
        self, method: str, target: SplitResult, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        time_left = countdown(self._seconds)
        try:
            connection = self._idle_connection(target) or self._new_connection(target)
            connection.sock.settimeout(_seconds_left(time_left))
        except Exception as error:  # refused, DNS, TLS, timeout: no request had left
            raise NotConnected(type(error).__name__) from error
        connection.response_class = partial(_AnswerInTime, time_left)  # type: ignore[assignment]
        try:
            has_left = _send(connection, method, target._replace(scheme="", netloc="").geturl(), body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except Exception as error:  # of a length that is no length, `http.client` raises OverflowError or MemoryError
            connection.close()
            raise MaybeSent(type(error).__name__) from error
        idle = self._idle[target.scheme, target.netloc]
        if has_left and connection.sock is not None and len(idle) < self._most_idle:
            idle.append((connection, Stopwatch()))
        else:
            connection.close()
        return answer, content

    def _idle_connection(self, target: SplitResult) -> HTTPConnection | None:
        """An idle connection on which nothing came meanwhile, its end included."""
        idle = self._idle[target.scheme, target.netloc]
        while idle:
            try:
                connection, since_use = idle.pop()
            except IndexError:  # another thread took the last one
                break
            if since_use.seconds() <= IDLE_SECONDS and not _has_something_to_read(connection.sock):
                return connection
            connection.close()
        return None

    def _new_connection(self, target: SplitResult) -> HTTPConnection:
        time_left = countdown(min(self._seconds / 2, CONNECT_SECONDS))
        is_plain = target.scheme == "http"
        host, port = target.hostname or "", target.port or (HTTP_PORT if is_plain else HTTPS_PORT)
        tls = None if is_plain else self._tls_context()
        plain = _socket_to(host, port, time_left)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(_seconds_left(time_left))
            connection = HTTPSConnection(host, port, context=tls) if tls else HTTPConnection(host, port)
            connection.sock = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        except Exception:
            plain.close()
            raise
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        """What TLS needs; fifty calls that begin together load the authorities' certificates once."""
        with self._tls_lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
                self._tls.set_alpn_protocols(["http/1.1"])  # `http.client` sets it in a context of its own alone
            return self._tls


def _encoded(values: Mapping[str, object]) -> str:
    """The values that are given, as a form or a query has them."""
    return urlencode({name: value for name, value in values.items() if value is not None}, doseq=True)


def _socket_to(host: str, port: int, time_left: Countdown) -> socket.socket:
    """Connect to the first address of a host that answers.

    `socket.create_connection` gives each address the whole time (https://github.com/python/cpython/issues/123793).
    Here each has half of what is left, and the last one all of it.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure = OSError("the host has no address")
    for untried, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        attempt = socket.socket(family, kind, protocol)
        try:
            attempt.settimeout(_seconds_left(time_left) / min(untried, 2))
            attempt.connect(address)
        except OSError as error:
            attempt.close()
            failure = error
        else:
            return attempt
    raise failure


def _send(connection: HTTPConnection, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> bool:
    """Send a request.

    Returns:
        False where the server ended the connection meanwhile: it may have refused the request without reading it all,
        and then its answer stands.
    """
    try:
        connection.request(method, target, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _seconds_left(time_left: Countdown) -> float:
    if (seconds := time_left()) <= 0:
        raise TimeoutError("no time is left")
    return seconds


def _has_something_to_read(connection: socket.socket) -> bool:
    if isinstance(connection, ssl.SSLSocket) and connection.pending():  # TLS reads ahead of what was asked for
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


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
