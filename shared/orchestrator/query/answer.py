"""Answers what agents ask: reads the question, finds whose messages the caller may see, and reads the database."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection
from pydantic import ValidationError

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.clock import Clock
from orchestrator.errors import InvalidMessage, InvalidQuery, UnknownUser
from orchestrator.queries import (
    QUERIES,
    ActivityAnswer,
    ActivityQuery,
    Answer,
    BudgetQuery,
    PreviewQuery,
    Problem,
    Query,
    QueryRefusal,
    RepliesQuery,
    StatusAnswer,
    StatusQuery,
)
from orchestrator.query.preview import budget_of, preview_of
from orchestrator.query.replies import replies_of
from orchestrator.query.scope import CallerScope, scope_of
from orchestrator.query.settings import QuerySettings
from orchestrator.query.statuses import statuses_of
from orchestrator.store.people import is_user_active
from orchestrator.store.query import read_only


@dataclass(frozen=True, slots=True)
class QueryReport:
    """What became of a question.

    Attributes:
        asked: the question, by its action; `unreadable` where it has none of ours.
        refused: why it has no answer, by the code of the problem.
        answer: what the caller gets.
    """

    asked: Counter[str] = field(metadata=publish_as(metrics.QUERIES))
    refused: Counter[str] = field(metadata=publish_as(metrics.QUERIES_REFUSED))
    answer: dict[str, Any] = field(metadata=publish_as(in_log=False))


def answer_event(
    event: object,
    invoked_function_arn: str,
    connect: Callable[[], AbstractContextManager[Connection]],
    settings: QuerySettings,
    clock: Clock,
) -> QueryReport:
    """Answer one invocation.

    Args:
        event: the question, as the caller sent it.
        invoked_function_arn: what Lambda says was invoked; its alias is the caller's scope.
        connect: opens the process's connection.

    Raises:
        psycopg.Error: the database cannot be read; the caller may ask again.
    """
    action = "unreadable"
    try:
        scope = scope_of(invoked_function_arn)
        query = parse_query(event)
        action = query.action
        with connect() as connection:
            answer = answer_query(connection, query, scope, settings, clock())
    except (InvalidQuery, InvalidMessage, UnknownUser) as error:
        problem = problem_of(error)
        return QueryReport(
            Counter([action]), Counter([problem.code]), QueryRefusal(error=problem).model_dump(mode="json")
        )
    return QueryReport(Counter([action]), Counter(), answer.model_dump(mode="json"))


def answer_query(
    connection: Connection, query: Query, scope: CallerScope, settings: QuerySettings, now: datetime
) -> Answer:
    """Answer a question, in one transaction that writes nothing.

    Raises:
        InvalidQuery: the scope does not allow it, or a page is none of ours.
        InvalidMessage: an id in it cannot be one.
        UnknownUser: no person has its `user_id`.
    """
    with read_only(connection):
        match query:
            case StatusQuery():
                return StatusAnswer(statuses=statuses_of(connection, query.message_ids, scope, now))
            case RepliesQuery():
                return replies_of(connection, query, scope, now)
            case ActivityQuery():
                return ActivityAnswer(is_active=is_user_active(connection, query.user_id, now))
            case BudgetQuery():
                return budget_of(connection, query, scope, settings, now)
            case PreviewQuery():
                return preview_of(connection, query, scope, settings, now)


def parse_query(event: object) -> Query:
    """Read a question.

    Raises:
        InvalidQuery: it is none; the text names the field, never its value.
    """
    try:
        return QUERIES.validate_python(event)
    except ValidationError as error:
        first = error.errors()[0]
        fix = "See docs/agents.md for the questions and their fields"
        raise InvalidQuery("invalid_query", _describe_problem(first["type"], first["loc"], first["msg"]), fix) from None


def _describe_problem(kind: str, location: tuple[int | str, ...], message: str) -> str:
    """What is wrong with a question, without anything that the caller made up."""
    if kind.startswith("union_tag"):
        return "action: is none of status, budget, replies, is_user_active, preview"
    if kind == "extra_forbidden":
        return "it has a field that the question does not have"
    # The location begins with the action, by which the kind of question was found.
    names = [name for name in location[1:2] if isinstance(name, str)]
    return f"{''.join(f'{name}: ' for name in names)}{message[:1].lower()}{message[1:]}"


def problem_of(error: InvalidQuery | InvalidMessage | UnknownUser) -> Problem:
    """What a caller gets of an error; never the id of a person, which may be a phone number (G10)."""
    if isinstance(error, UnknownUser):
        fix = "Create the person first, or use their id or external id"
        return Problem(code="unknown_user", problem="no person has this user_id", fix=fix)
    if isinstance(error, InvalidMessage):
        return Problem(code=error.reason, problem=f"{error.field}: {error.problem}", fix=error.fix)
    return Problem(code=error.code, problem=error.problem, fix=error.fix)
