"""The console as a web application: one page, a stream of its changes, and one address for each action."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from orchestrator.errors import OrchestratorError
from orchestrator_cli.console.guard import Guard
from orchestrator_cli.console.rendering import STATIC as BASE
from orchestrator_local.console.actions import Actions, UnreadableField
from orchestrator_local.console.fragments import Fragments
from orchestrator_local.console.view import PageQuery

# How often the page is updated.
UPDATE_SECONDS = 0.3
# What stands before the paths of the operator's pages.
OPERATOR_PAGES = "/stack"
STATIC = Path(__file__).parent / "static"


def console_app(
    fragments: Fragments, actions: Actions, port: int, operator_pages: Sequence[BaseRoute] = ()
) -> Starlette:
    """The application.

    Args:
        fragments: renders the page.
        actions: acts on the stack.
        port: the port that the console listens on.
        operator_pages: the pages of `orchestrator console`, below `OPERATOR_PAGES`.
    """

    async def page(_request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(fragments.page))

    async def live(request: Request) -> Response:
        return EventSourceResponse(_changes(request, fragments), ping=15)

    def endpoint_for(action: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                form = json.loads(await request.body() or b"{}")
                if not isinstance(form, dict):
                    return JSONResponse({"error": "body: is no JSON object."}, 400)
                return JSONResponse({"result": await run_in_threadpool(action, form)})
            except UnreadableField as error:
                return JSONResponse({"error": str(error)}, 400)
            except KeyError as error:
                return JSONResponse({"error": f"{error.args[0]}: is missing."}, 422)
            except (OrchestratorError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 422)

        return endpoint

    return Starlette(
        routes=[
            Route("/", page),
            Route("/live", live),
            *(Route(f"/{name}", endpoint_for(action), methods=["POST"]) for name, action in actions.by_name().items()),
            Mount("/static", StaticFiles(directory=STATIC)),
            Mount("/base", StaticFiles(directory=BASE)),
            Mount(OPERATOR_PAGES, routes=operator_pages),
        ],
        middleware=[Middleware(Guard, port=port)],
    )


async def _changes(request: Request, fragments: Fragments) -> AsyncIterator[ServerSentEvent]:
    """The fragments of the page: first all, then those that changed since the last event."""
    query = PageQuery.from_parameters(request.query_params)
    shown: dict[str, str] = {}
    while not await request.is_disconnected():
        current = await run_in_threadpool(fragments.render, query)
        changed = {name: html for name, html in current.items() if shown.get(name) != html}
        if changed:
            shown.update(changed)
            yield ServerSentEvent(json.dumps(changed), event="fragments")
        await asyncio.sleep(UPDATE_SECONDS)
