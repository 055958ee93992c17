"""Times and numbers that a form of the local console may hold: an odd one is named, and is no fault of the server."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from orchestrator.clock import HostClock
from orchestrator_cli.console.guard import OWN_HEADER
from orchestrator_local.console.actions import Actions
from orchestrator_local.console.app import console_app
from orchestrator_local.console.fragments import Fragments


class _Clock:
    """A clock that takes every move."""

    speed = 1

    def now(self) -> Any:
        return HostClock()()

    def advance_to(self, _moment: Any) -> None:
        return

    def set_speed(self, _speed: int) -> None:
        return


@pytest.fixture(scope="module")
def client() -> TestClient:
    actions = Actions.__new__(Actions)  # moving the clock needs the clock alone
    actions._stack = cast("Any", SimpleNamespace(clock_to_move=_Clock))
    app = console_app(cast("Fragments", None), actions, port=8123)
    return TestClient(app, base_url="http://127.0.0.1:8123", raise_server_exceptions=False)


ZONE = "America/New_York"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"do": "jump", "at": "08:00", "zone": ZONE, "days": 10**9}, 400, "days: is too large"),
        ({"do": "jump", "at": "08:00", "zone": ZONE, "days": -(10**9)}, 400, "days: is too large"),
        ({"do": "jump", "at": "08:00", "zone": ZONE, "days": 10**400}, 400, "days: is"),
        ({"do": "jump", "at": "08:00", "zone": ZONE, "days": None}, 400, "days: is no whole number"),
        ({"do": "jump", "at": "08:00", "zone": ZONE, "days": [1]}, 400, "days: is no whole number"),
        ({"do": "step", "minutes": 10**15}, 400, "minutes: is too large"),
        ({"do": "step", "minutes": "1e3"}, 400, "minutes: is no whole number"),
        ({"do": "step", "minutes": {}}, 400, "minutes: is no whole number"),
        ({"do": "speed", "speed": None}, 400, "speed: is no whole number"),
        ([], 400, "no JSON object"),
        ("x", 400, "no JSON object"),
        ({"do": "jump", "at": "25:00", "zone": ZONE}, 422, "at: is no time"),
        ({"do": "jump", "at": None, "zone": ZONE}, 422, "at: is no time"),
        ({"do": "jump", "at": "08:00"}, 422, "zone: is missing"),
        ({}, 422, "do: is missing"),
        ({"do": "jump", "at": "08:00+05:00", "zone": ZONE, "days": 1}, 200, ""),
        ({"do": "step", "minutes": 5}, 200, ""),
    ],
)
def test_an_odd_time_is_named(client: TestClient, form: Any, status: int, error: str) -> None:
    answer = client.post("/time", json=form, headers={"Origin": "http://127.0.0.1:8123", OWN_HEADER: "1"})
    assert answer.status_code == status, answer.text
    assert error in answer.json().get("error", "")
