"""boto3 asks the query function in its own process, through the local stack's Invoke API, as it would on AWS."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from psycopg import Connection

from orchestrator.ids import uuid7
from orchestrator.query.scope import alias_of
from orchestrator_local.http_server import listen, url_of
from orchestrator_local.invoke_api import MOST_BYTES, invoke_api
from orchestrator_local.runtime import FunctionProcess
from orchestrator_local.stack import PUBLISHER_VARIABLES
from orchestrator_local.template import read_template
from tests.world import TUESDAY_10_IN_NEW_YORK as NOW

# What an agent invokes, as its client does: a client of Lambda, an alias, and a question.
Invoke = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def functions(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FunctionProcess]]:
    (query,) = [function for function in read_template().functions if function.name == "query"]
    process = FunctionProcess(query, {"DATABASE_URL": database_url}, tmp_path_factory.mktemp("query") / "log")
    try:
        yield {"query": process}
    finally:
        process.stop()


@pytest.fixture(scope="module")
def client(functions: dict[str, FunctionProcess]) -> Iterator[Any]:
    with closing(listen()) as listener, invoke_api(functions, listener):
        yield boto3.client("lambda", endpoint_url=url_of(listener), config=Config(retries={"total_max_attempts": 1}))


def invoke(client: Any, name: str, **query: Any) -> dict[str, Any]:
    found = client.invoke(FunctionName=name, Payload=json.dumps(query, default=str).encode())
    assert "FunctionError" not in found
    answer: dict[str, Any] = json.loads(found["Payload"].read())
    return answer


@pytest.fixture
def message_id(connection: Connection) -> Any:
    message = uuid7(NOW)
    person = uuid4()
    connection.execute(
        "INSERT INTO users (id, external_id, phone_number, timezone) VALUES (%s, 'ada', '+12125550101', 'America/New_York')",
        (person,),
    )
    connection.execute(
        "INSERT INTO message_queue (id, user_id, agent_id, message_data, priority, status, scheduled_for, accepted_at)"
        " VALUES (%s, %s, 'billing_1', '{}', 'high', 'queued', %s, %s)",
        (message, person, NOW, NOW),
    )
    return message


@pytest.mark.parametrize(
    "name",
    ["query:live", "arn:aws:lambda:us-east-1:000000000000:function:query:live", "000000000000:function:query:live"],
)
def test_boto3_asks_by_a_name_and_by_an_arn(client: Any, message_id: Any, name: str) -> None:
    (found,) = invoke(client, name, action="status", message_ids=[message_id])["statuses"]
    assert found["state"] == "queued"


def test_the_alias_that_is_invoked_reaches_the_function(client: Any, message_id: Any) -> None:
    def state(alias: str) -> str:
        found = client.invoke(
            FunctionName="query",
            Qualifier=alias,
            Payload=json.dumps({"action": "status", "message_ids": [str(message_id)]}),
        )
        return str(json.loads(found["Payload"].read()).get("statuses", [{}])[0].get("state"))

    assert [state(alias) for alias in ("live", alias_of("billing"), alias_of("travel"), "$LATEST")] == [
        "queued",
        "queued",
        "not_seen_yet",
        "None",
    ]


@pytest.mark.parametrize(
    ("name", "error"),
    [("nothing:live", "ResourceNotFoundException"), ("query:canary", "ResourceNotFoundException")],
)
def test_what_does_not_exist_is_the_error_of_lambda(client: Any, name: str, error: str) -> None:
    with pytest.raises(ClientError) as raised:
        invoke(client, name, action="status")
    assert raised.value.response["Error"]["Code"] == error


def test_a_payload_above_the_limit_is_refused(client: Any) -> None:
    with pytest.raises(ClientError) as raised:
        client.invoke(FunctionName="query:live", Payload=b'"' + b"x" * MOST_BYTES + b'"')
    assert raised.value.response["Error"]["Code"] == "RequestTooLargeException"
    with pytest.raises(ClientError) as raised:
        client.invoke(FunctionName="query:live", Payload=b"{")
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_a_function_that_fails_says_so_in_the_header(tmp_path: Path) -> None:
    (query,) = [function for function in read_template().functions if function.name == "query"]
    process = FunctionProcess(query, {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, tmp_path / "log")
    try:
        with closing(listen()) as listener, invoke_api({"query": process}, listener):
            client = boto3.client("lambda", endpoint_url=url_of(listener))
            query_json = json.dumps({"action": "status", "message_ids": [str(uuid4())]})
            found = client.invoke(FunctionName="query:live", Payload=query_json)
    finally:
        process.stop()
    assert found["FunctionError"] == "Unhandled"
    assert "OperationalError" in json.loads(found["Payload"].read())["errorMessage"]


def test_a_warm_answer_takes_milliseconds(
    client: Any, message_id: Any, record_property: Callable[[str, object], None]
) -> None:
    message = {"user_id": "ada", "agent_id": "x", "message_data": {"type": "x", "message": "Hello"}}
    questions: dict[str, dict[str, Any]] = {
        "status of 100": {"action": "status", "message_ids": [message_id, *(uuid4() for _ in range(99))]},
        "budget": {"action": "budget", "user_id": "ada"},
        "replies": {"action": "replies", "user_id": "ada"},
        "preview": {"action": "preview", "message": message},
    }
    for name, question in questions.items():
        invoke(client, "query:live", **question)
        times = []
        for _ in range(20):
            started = time.perf_counter()
            invoke(client, "query:live", **question)
            times.append(1000 * (time.perf_counter() - started))
        record_property(
            f"query, {name}, warm, median and longest of 20", f"{median(times):.0f} and {max(times):.0f} ms"
        )


def test_the_variables_that_make_local_prints_reach_the_function() -> None:
    assert {"QUERY_FUNCTION", "AWS_ENDPOINT_URL_LAMBDA"} <= set(PUBLISHER_VARIABLES)
