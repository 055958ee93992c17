"""The migrate function as CloudFormation's custom resource, over HTTP, on a real database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.migrate import app
from orchestrator.errors import InvocationFailed
from orchestrator_local.stand_ins.http import HttpAnswer, serve
from tests.world import EVENTS, LambdaContext


def migrate(event: dict[str, Any]) -> None:
    app.handler(event, LambdaContext())  # type: ignore[arg-type]  # it has what Lambda's own has


class CloudFormation:
    """Where a custom resource answers to: an address that is signed without a content type."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.statuses = [200]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        assert (method, path, headers.get("content-type", "")) == ("PUT", "/answer?signature=secret", "")
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == 200:
            self.answers.append(json.loads(body))
        return HttpAnswer(status, {})


@pytest.fixture
def cloudformation() -> Iterator[tuple[CloudFormation, str]]:
    stand_in = CloudFormation()
    with serve(stand_in) as address:
        yield stand_in, f"{address}/answer?signature=secret"


def request(url: str, kind: str = "Update") -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / "migrate_on_deploy.json").read_text())
    return {**event, "RequestType": kind, "ResponseURL": url}


@contextmanager
def database(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        yield


def test_a_deploy_brings_the_database_up_to_date_and_a_second_one_does_nothing(
    cloudformation: tuple[CloudFormation, str], empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, url = cloudformation
    with database(empty_database, monkeypatch):
        migrate(request(url, "Create"))
        migrate(request(url))
    first, second = stand_in.answers
    assert (first["Status"], second["Status"]) == ("SUCCESS", "SUCCESS")
    assert first["Data"]["Applied"] > 10
    assert second["Data"]["Applied"] == 0
    # Another id would make CloudFormation delete the schema as what was replaced.
    assert first["PhysicalResourceId"] == second["PhysicalResourceId"]
    assert first["RequestId"] == request(url)["RequestId"]


def test_a_migration_that_fails_fails_the_deploy_and_says_why(
    cloudformation: tuple[CloudFormation, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, url = cloudformation
    with database("postgresql://user:hunter2@127.0.0.1:1/none", monkeypatch):
        migrate(request(url))
    (answer,) = stand_in.answers
    assert answer["Status"] == "FAILED"
    assert "OperationalError" in answer["Reason"]
    assert "hunter2" not in json.dumps(answer)


def test_a_missing_setting_fails_the_deploy_at_once(
    cloudformation: tuple[CloudFormation, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, url = cloudformation
    monkeypatch.delenv("DATABASE_URL", raising=False)
    migrate(request(url))
    assert stand_in.answers[0]["Status"] == "FAILED"
    assert "DATABASE_URL: is not set" in stand_in.answers[0]["Reason"]


def test_a_stack_that_is_deleted_leaves_its_database_alone(
    cloudformation: tuple[CloudFormation, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, url = cloudformation
    with database("postgresql://127.0.0.1:1/none", monkeypatch):
        migrate(request(url, "Delete"))
    assert stand_in.answers[0]["Status"] == "SUCCESS"


def test_an_answer_that_gets_lost_is_given_again_and_its_address_is_not_logged(
    cloudformation: tuple[CloudFormation, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, url = cloudformation
    stand_in.statuses = [503, 503, 200]
    with database(database_url, monkeypatch):
        migrate(request(url))
        assert stand_in.answers[0]["Status"] == "SUCCESS"
        stand_in.statuses = [403]
        with pytest.raises(InvocationFailed, match="NotAnswered: HTTP 403") as caught:
            migrate(request(url))
    assert "secret" not in str(caught.value)
