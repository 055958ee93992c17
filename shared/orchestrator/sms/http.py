"""The HTTP client under the Twilio SDK: it tells a request that never left from one that may have arrived."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response

TWILIO_HOST = "https://api.twilio.com"
# Provider and network equipment drop idle connections silently; an older one is not trusted with a text.
IDLE_SECONDS = 20.0


class NotConnected(TwilioException):
    """The connection could not be made: nothing was sent."""


class MaybeSent(TwilioException):
    """The request left, or part of it, and no whole answer came: it may have been sent."""


class _HttpConnection(urllib3.connection.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise NotConnected(type(error).__name__) from error


class _HttpsConnection(urllib3.connection.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:  # refused, DNS, TLS, timeout: whatever it was, no request had left
            raise NotConnected(type(error).__name__) from error


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class UrllibClient(HttpClient):
    """Twilio's requests over urllib3, with connection reuse and no retries (G2).

    Args:
        base_url: what stands in for https://api.twilio.com.
        timeout: seconds for the connection, and again for the answer.
        connections: how many calls go side by side.
    """

    def __init__(self, base_url: str, timeout: float, connections: int) -> None:
        self._base_url = base_url
        self._timeout = urllib3.Timeout(connect=min(timeout, 5.0), read=timeout)
        self._pools = urllib3.PoolManager(maxsize=connections, retries=False)
        self._pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        self._last_used = time.monotonic()

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
        """
        if time.monotonic() - self._last_used > IDLE_SECONDS:
            self._pools.clear()
        all_headers = {**(headers or {}), **(urllib3.make_headers(basic_auth=":".join(auth)) if auth else {})}
        body = None
        if data is not None:
            body = urlencode({name: value for name, value in data.items() if value is not None}, doseq=True)
            all_headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = url.replace(TWILIO_HOST, self._base_url, 1)
        if params:
            target = f"{target}?{urlencode({k: v for k, v in params.items() if v is not None}, doseq=True)}"
        try:
            answer: Any = self._pools.request(
                method, target, body=body, headers=all_headers, timeout=self._timeout, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise MaybeSent(type(error).__name__) from error
        finally:
            self._last_used = time.monotonic()
        return Response(answer.status, answer.data.decode("utf-8", "replace"), dict(answer.headers))
