"""The client asks through the function and in the database, and gets the same answers and errors."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from orchestrator import (
    AsyncMessageOrchestrator,
    InvalidMessage,
    InvalidQuery,
    MessageNotSent,
    MessageOrchestrator,
    MissingResource,
    NotAllowed,
    QueryFailed,
    UnknownUser,
    ask,
    asking_client,
)
from orchestrator.queries import RepliesPage
from orchestrator.settings import PublisherSettings
from tests.world import LambdaContext, World

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:stack-Query"


class Lambda:
    """Invokes the handler of this process, as Lambda does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._one_at_a_time = threading.Lock()  # as one environment of Lambda
        self.invoked: list[str] = []
        self.failure: Exception | str | None = None

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803  (boto3's names)
        self.invoked.append(FunctionName)
        if isinstance(self.failure, Exception):
            raise self.failure
        if self.failure:
            content: Any = {"errorType": "InvocationFailed", "errorMessage": self.failure}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(content).encode())}
        context = LambdaContext(invoked_function_arn=FunctionName)
        with self._one_at_a_time:
            content = self._world.functions["query"].handler(json.loads(Payload), context)
        return {"Payload": io.BytesIO(json.dumps(content).encode())}


@pytest.fixture
def of_lambda(world: World, monkeypatch: pytest.MonkeyPatch) -> Lambda:
    of_lambda = Lambda(world)
    monkeypatch.setattr(ask, "lambda_client", lambda *_: of_lambda)
    return of_lambda


@pytest.fixture(params=["function", "database"])
def orchestrator(
    request: pytest.FixtureRequest, of_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MessageOrchestrator]:
    if request.param == "function":
        monkeypatch.setenv("QUERY_FUNCTION", FUNCTION)
        monkeypatch.delenv("DATABASE_URL")
    yield MessageOrchestrator(PublisherSettings(enqueue_queue_url="http://127.0.0.1:1/queue"))
    assert of_lambda.invoked == [f"{FUNCTION}:live"] * len(of_lambda.invoked)
    assert bool(of_lambda.invoked) == (request.param == "function")


def test_both_ways_give_the_same_typed_answers(world: World, orchestrator: MessageOrchestrator) -> None:
    ada = world.person()
    message = world.message()
    world.minute()
    world.wait(minutes=1)
    world.writes("Yes please")
    one = orchestrator.status(message)
    assert (one.state, one.delivery) == ("sent", "accepted")
    assert [found.state for found in orchestrator.status([message, uuid4()])] == ["sent", "not_seen_yet"]
    assert orchestrator.budget(ada).left_today == 9
    assert orchestrator.is_user_active("ada")
    (reply,) = orchestrator.replies("ada").replies
    assert (reply.words, reply.answers, reply.kind) == ("Yes please", message, "conversation")
    assert orchestrator.replies("ada", since=world.now).replies == []
    found = orchestrator.preview(
        user_id=ada, agent_id="x", priority="high", message_data={"type": "x", "message": "More"}, scheduled_for=None
    )
    assert (found.outcome, found.words) == ("send", "More")
    halved = orchestrator.preview(
        user_id=ada, agent_id="x", priority="high", message_data={"type": "x", "message": "Cut emoji \ud83d"}
    )
    assert halved.words == "Cut emoji ", "half of a character is dropped, as it is when the message is published"


def test_both_ways_give_the_same_typed_errors(world: World, orchestrator: MessageOrchestrator) -> None:
    world.person()
    with pytest.raises(UnknownUser, match="eve"):
        orchestrator.budget("eve")
    with pytest.raises(UnknownUser, match="eve"):
        orchestrator.preview(user_id="eve", agent_id="x", message_data={"type": "x", "message": "Hello"})
    with pytest.raises(InvalidMessage, match="agent_id"):
        orchestrator.budget("ada", agent_id="\u212aelvin")
    with pytest.raises(InvalidQuery, match="page"):
        orchestrator.replies("ada", page="none of ours")
    with pytest.raises(InvalidQuery, match="message_ids"):
        orchestrator.status([uuid4() for _ in range(101)])


def test_an_agent_waits_for_the_answer_to_its_question(
    world: World, orchestrator: MessageOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    question = world.message()
    slept: list[float] = []

    def answer_after_two(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            world.minute()
        if len(slept) == 2:
            world.wait(minutes=1)
            world.writes("At ten")

    monkeypatch.setattr(asking_client, "sleep", answer_after_two)
    reply = orchestrator.wait_for_reply(question, timeout=60)
    assert reply is not None
    assert (reply.words, reply.answers) == ("At ten", question)
    assert slept == [2.0, 2.0]


@pytest.mark.usefixtures("orchestrator")
def test_without_a_thread_an_agent_waits_for_the_answer_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    question = world.message()
    slept: list[float] = []

    async def answer_after_two(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            world.minute()
        if len(slept) == 2:
            world.wait(minutes=1)
            world.writes("At ten")
            world.wait(minutes=1)
            world.writes("Or at eleven")

    monkeypatch.setattr(asyncio, "sleep", answer_after_two)
    client = AsyncMessageOrchestrator(PublisherSettings(enqueue_queue_url="http://127.0.0.1:1/queue"))
    reply = asyncio.run(client.wait_for_reply(question, timeout=60, every=3))
    assert reply is not None
    assert (reply.words, reply.answers) == ("At ten", question)
    assert slept == [3, 3]
    world.publish({"action": "withdraw", "message_id": str(held := world.message(priority="low"))})
    with pytest.raises(MessageNotSent, match="cancelled \\(withdrawn\\)"):
        asyncio.run(client.wait_for_reply(held, timeout=60))


def test_a_wait_outlasts_a_failure_to_answer_and_names_one_that_lasts(
    world: World, orchestrator: MessageOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    question = world.message()
    world.minute()
    world.wait(minutes=1)
    world.writes("At ten")
    replies, failures = orchestrator.replies, [QueryFailed("TooManyRequestsException")]

    def fail_once(**fields: Any) -> RepliesPage:
        if failures:
            raise failures.pop()
        return replies(**fields)

    monkeypatch.setattr(orchestrator, "replies", fail_once)
    monkeypatch.setattr(asking_client, "sleep", lambda _: None)
    reply = orchestrator.wait_for_reply(question, timeout=60)
    assert reply is not None
    failures.append(QueryFailed("TooManyRequestsException"))
    with pytest.raises(QueryFailed):
        orchestrator.wait_for_reply(question, timeout=0)


def test_a_wait_ends_with_nothing_when_no_answer_came_and_at_once_when_none_can_come(
    world: World, orchestrator: MessageOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    message = world.message(priority="low")
    assert orchestrator.wait_for_reply(message, timeout=0) is None
    world.publish({"action": "withdraw", "message_id": str(message)})
    monkeypatch.setattr(asking_client, "sleep", lambda _: pytest.fail("it waits"))
    with pytest.raises(MessageNotSent, match="cancelled \\(withdrawn\\)"):
        orchestrator.wait_for_reply(message, timeout=60)
    lost = world.message()
    world.minute()
    world.connection.execute(
        "UPDATE orchestrator.attempts SET undelivered_at = %s, undelivered_code = 30003 WHERE message_id = %s",
        (world.now, lost),
    )
    with pytest.raises(MessageNotSent):
        orchestrator.wait_for_reply(lost, timeout=60)


def test_threads_share_one_client(world: World, orchestrator: MessageOrchestrator) -> None:
    world.person()
    message = world.message()
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(orchestrator.status(message).state), daemon=True) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["queued"] * 8


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Invoke"), MissingResource),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke"), NotAllowed),
        (ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"), QueryFailed),
        (EndpointConnectionError(endpoint_url="x"), QueryFailed),
        ("OperationalError at database.py:1 connect", QueryFailed),
    ],
)
def test_what_keeps_the_function_from_answering_is_typed(
    of_lambda: Lambda, monkeypatch: pytest.MonkeyPatch, failure: Any, kind: type[Exception]
) -> None:
    monkeypatch.setenv("QUERY_FUNCTION", "stack-Query")
    of_lambda.failure = failure
    with pytest.raises(kind):
        MessageOrchestrator(PublisherSettings(enqueue_queue_url="http://127.0.0.1:1/queue")).status(uuid4())
    assert of_lambda.invoked == ["stack-Query:live"]


def test_a_database_that_is_away_may_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUERY_FUNCTION", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    with pytest.raises(QueryFailed, match="Ask again"):
        MessageOrchestrator(PublisherSettings(enqueue_queue_url="http://127.0.0.1:1/queue")).status(uuid4())
