"""A console answers its own page on this machine alone: by host, origin, header and token."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from orchestrator_cli.console.guard import OWN_HEADER, Guard

ADDRESS = "http://127.0.0.1:8123"
OWN = {"Origin": ADDRESS}


async def answer(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.url.path}")


def client_of(token: str | None) -> TestClient:
    routes = [Route("/page", answer, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, port=8123, token=token)])
    return TestClient(app, base_url=ADDRESS)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/secret/page", 200),
        ("/page", 403),
        ("/", 403),
        ("/secreT/page", 403),
        ("/secret", 404),
        ("/secretpage", 403),
        ("//secret/page", 403),
        ("/secré/page", 403),
    ],
)
def test_only_a_path_with_the_token_leads_to_a_page(path: str, status: int) -> None:
    assert client_of("secret").get(path).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN, 200),
        ({OWN_HEADER: "1"}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({**OWN, "Host": "evil.example"}, 403),
        ({**OWN, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**OWN, "Sec-Fetch-Site": "same-site"}, 403),
        ({**OWN, "Sec-Fetch-Site": "same-origin"}, 200),
    ],
    ids=str,
)
@pytest.mark.parametrize(("token", "path"), [("secret", "/secret/page"), (None, "/page")])
def test_a_change_comes_from_the_page_itself(
    token: str | None, path: str, headers: dict[str, str], status: int
) -> None:
    assert client_of(token).post(path, headers=headers).status_code == status


def test_no_script_and_no_frame_of_another_site_and_nothing_is_kept() -> None:
    headers = client_of("secret").get("/secret/page").headers
    assert headers["content-security-policy"].startswith("default-src 'self'; frame-ancestors 'none'")
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")
