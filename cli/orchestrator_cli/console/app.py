"""The operator's console as a web application: an address for each page, and two for each action."""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qsl

import typer
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from orchestrator.clean_text import clean_text
from orchestrator.errors import OrchestratorError
from orchestrator_cli.console.actions import act, ask
from orchestrator_cli.console.agents_page import show_agents
from orchestrator_cli.console.guard import Guard
from orchestrator_cli.console.messages_page import export_messages, show_messages, show_story
from orchestrator_cli.console.numbers_page import show_numbers
from orchestrator_cli.console.people_page import show_people, show_person
from orchestrator_cli.console.rendering import STATIC
from orchestrator_cli.console.trouble_page import run_checks, show_dead_letters, show_trouble
from orchestrator_cli.console.visit import OpenDatabase, Page, Visit, page_templates, render
from orchestrator_cli.error_words import EXPECTED, describe_error

# Fields of a form that are read.
MOST_FIELDS = 50


def operator_console(open_database: OpenDatabase, target: str, token: str, port: int) -> Starlette:
    """The application.

    Args:
        open_database: opens the database for one request; yields the connection and the clock.
        target: the stack that the pages are about, in words.
        token: the first part of each path.
        port: the port that the console listens on.
    """
    routes = operator_routes(open_database, target, f"/{token}")
    return Starlette(routes=routes, middleware=[Middleware(Guard, port=port, token=token)])


def operator_routes(open_database: OpenDatabase, target: str, base: str, home: str = "") -> list[BaseRoute]:
    """The addresses of the pages.

    Args:
        base: what stands before each path.
        home: the page of the local stack, with its phones and its clock; empty for another stack.
    """
    templates = page_templates(base, target, home)

    async def begin(_request: Request) -> Response:
        return RedirectResponse(f"{base}/messages")

    def at(path: str, page: Page, method: str = "GET") -> Route:
        return Route(path, _endpoint(templates, partial(_visit, templates, open_database, page)), methods=[method])

    return [
        Route("/", begin),
        at("/messages", show_messages),
        Route("/messages.csv", _endpoint(templates, partial(export_messages, open_database))),
        at("/messages/{message_id}", show_story),
        at("/people", show_people),
        at("/people/{user_id}", show_person),
        at("/agents", show_agents),
        at("/numbers", show_numbers),
        at("/trouble", show_trouble),
        at("/trouble/dead-letters/{queue}", show_dead_letters),
        at("/trouble/checks", run_checks, "POST"),
        at("/ask/{action}", ask, "POST"),
        at("/do/{action}", act, "POST"),
        Mount("/base", StaticFiles(directory=STATIC)),
    ]


def _endpoint(
    templates: Environment, answer: Callable[[dict[str, str]], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """Answers a request from its fields; an expected error is a page."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            given = parse_qsl(body.decode() or request.url.query, max_num_fields=MOST_FIELDS)
            texts = {name: clean_text(value).strip() for name, value in given}
            fields = {name: value for name, value in texts.items() if value} | request.path_params
            return await run_in_threadpool(answer, fields)
        except (OrchestratorError, ValueError, typer.BadParameter) as error:
            return render(templates, "error", 422, pauses=[], error=str(error))
        except EXPECTED as error:
            return render(templates, "error", 503, pauses=[], error=describe_error(error))

    return endpoint


def _visit(templates: Environment, open_database: OpenDatabase, page: Page, fields: dict[str, str]) -> Response:
    with open_database() as (connection, clock):
        return page(Visit(templates, connection, clock, fields))
