"""Refuses requests to the console that do not come from its own page on this machine."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A page of another site can send this header only after a preflight request, which the console refuses.
OWN_HEADER = "x-console"
_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """ASGI middleware that checks the host, the origin and the header of each request.

    Args:
        app: the application behind it.
        port: the port of the console.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, send)
            return

        async def send_with_guard(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        await self._app(scope, receive, send_with_guard)

    def _refusal(self, method: str, headers: Headers) -> str | None:
        # DNS rebinding: the name of another site may resolve to 127.0.0.1.
        if headers.get("host") not in self._hosts:
            return "This console answers only on 127.0.0.1."
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return "This console answers only its own page."
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "This console answers only its own page."
        if method != "GET" and OWN_HEADER not in headers:
            return "A change needs the header that this console's own page sends."
        return None
