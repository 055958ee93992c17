"""Refuses requests to a console that do not come from its own page on this machine."""

import hmac

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A page of another site can send this header only after a preflight request, which the console refuses.
OWN_HEADER = "x-console"
_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    # With `no-referrer` a browser sends a form of the page itself with `Origin: null`
    # (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """ASGI middleware that checks the host, the origin, the header and the token of each request.

    Args:
        app: the application behind it, which sees paths without the token.
        port: the port of the console.
        token: the first part of each path, which other users of this machine do not know; None for none.
    """

    def __init__(self, app: ASGIApp, port: int, token: str | None = None) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = self._path_behind_token(scope["path"])
        refusal = self._refusal(scope["method"], Headers(scope=scope), has_token=path is not None)
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, send)
            return

        async def send_with_guard(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        await self._app({**scope, "path": path}, receive, send_with_guard)

    def _path_behind_token(self, path: str) -> str | None:
        """The path without the token; None where it does not begin with it."""
        if self._token is None:
            return path
        first, _, rest = path.removeprefix("/").partition("/")
        return f"/{rest}" if hmac.compare_digest(first.encode(), self._token.encode()) else None

    def _refusal(self, method: str, headers: Headers, *, has_token: bool) -> str | None:
        # DNS rebinding: the name of another site may resolve to 127.0.0.1.
        if headers.get("host") not in self._hosts:
            return "This console answers only on 127.0.0.1."
        if not has_token:
            return "Open the whole address that `orchestrator console` printed."
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return "This console answers only its own page."
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "This console answers only its own page."
        # A browser names the origin of each form that it sends.
        if method != "GET" and OWN_HEADER not in headers and origin is None:
            return "A change needs the header, or the origin, of this console's own page."
        return None
