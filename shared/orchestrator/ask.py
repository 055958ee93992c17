"""Asks what the `query` function answers: through the function, or in the database with the same code."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.aws.clients import lambda_client
from orchestrator.aws.setup_errors import region_for, setup_error
from orchestrator.clock import Countdown, clock_from_environment
from orchestrator.errors import (
    DatabaseExtraMissing,
    InvalidMessage,
    InvalidQuery,
    MessageNotSent,
    OrchestratorError,
    QueryFailed,
    UnknownUser,
)
from orchestrator.queries import (
    ActivityQuery,
    BudgetQuery,
    PersonReply,
    PreviewQuery,
    Query,
    QueryRefusal,
    RepliesPage,
    RepliesQuery,
    StatusQuery,
)
from orchestrator.settings import load

if TYPE_CHECKING:
    from orchestrator.query.settings import QuerySettings
    from orchestrator.store.database import Database

SomeAnswer = TypeVar("SomeAnswer", bound=BaseModel)
SomeQuery = TypeVar("SomeQuery", StatusQuery, BudgetQuery, RepliesQuery, ActivityQuery, PreviewQuery)
# The name or the ARN of the function, with its alias.
VARIABLE = "QUERY_FUNCTION"
# The alias of a function that is named without one.
_LIVE = "live"


class Asker:
    """Asks the function of `QUERY_FUNCTION`, or the database of `DATABASE_URL` where that is not set.

    It may be shared by threads. The database is asked by one of them at a time.
    """

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._database: tuple[Database, QuerySettings] | None = None

    def ask(self, query: Query, kind: type[SomeAnswer]) -> SomeAnswer:
        """Ask one question.

        Args:
            kind: the type of its answer.

        Raises:
            UnknownUser: no person has the `user_id` of the question.
            InvalidMessage: the message of a question, or an id in it, cannot be one.
            InvalidQuery: the question cannot be one, or this caller may not ask it.
            QueryFailed: the function or the database does not answer; it may be asked again.
            SettingsError: credentials, region, function or database are missing; the text names the fix.
            DatabaseExtraMissing: `QUERY_FUNCTION` is not set, and the `[db]` extra is not installed.
        """
        function = os.environ.get(VARIABLE)
        answer = _invoke(function, query) if function else self._read(query)
        return kind.model_validate(answer)

    def _read(self, query: Query) -> dict[str, Any]:
        try:
            import psycopg

            from orchestrator.query.answer import answer_query
            from orchestrator.query.scope import EVERYTHING
            from orchestrator.query.settings import QuerySettings
            from orchestrator.store.database import Database
        except ModuleNotFoundError as error:
            raise DatabaseExtraMissing from error
        with self._one_at_a_time:
            if self._database is None:
                settings = load(QuerySettings)
                self._database = Database(settings), settings
            database, settings = self._database
            try:
                with database.connection() as connection:
                    return answer_query(
                        connection, query, EVERYTHING, settings, clock_from_environment()()
                    ).model_dump()
            except psycopg.Error as error:
                raise QueryFailed(f"{type(error).__name__} {error.sqlstate or ''}".strip()) from error


def build_query(kind: type[SomeQuery], **fields: Any) -> SomeQuery:
    """Build a question; a field that is None counts as left out.

    Raises:
        InvalidQuery: names the field, never its value.
    """
    try:
        return kind.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "question"
        fix = "See docs/agents.md for the questions and their fields"
        raise InvalidQuery("invalid_query", f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}", fix) from None


def json_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message as JSON: times and ids as text, halves of characters dropped; None counts as left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    content = json.dumps(given, default=_as_text, ensure_ascii=False).encode("utf-8", "ignore")
    values: dict[str, Any] = json.loads(content)
    return values


def answer_in(page: RepliesPage) -> PersonReply | None:
    """The first answer to a message; None where none came yet.

    Raises:
        MessageNotSent: the message ended without being sent, or its text did not arrive.
    """
    if page.replies:
        return page.replies[0]
    status = page.message
    if status is None:
        return None
    if status.delivery == "undelivered" or (status.state.is_unsent_end and status.delivery != "unknown"):
        raise MessageNotSent(status.message_id, status.state, status.reason, status.next_step)
    return None


@contextmanager
def outlast_failures(time_left: Countdown) -> Iterator[None]:
    """Pass over a question that is not answered now, as long as there is time to ask again."""
    try:
        yield
    except QueryFailed:
        if time_left() <= 0:
            raise


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _invoke(function: str, query: Query) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        region = region_for(function)
        client = lambda_client(region) if region else lambda_client()
        found = client.invoke(FunctionName=_with_alias(function), Payload=query.model_dump_json(exclude_none=True))
        content = json.loads(found["Payload"].read())
    except (BotoCoreError, ClientError) as error:
        raise setup_error(error, VARIABLE) or QueryFailed(type(error).__name__) from error
    if found.get("FunctionError"):
        raise QueryFailed(str(content.get("errorMessage", "the function failed")))
    if "error" in content:
        raise _error_of(query, content)
    answer: dict[str, Any] = content
    return answer


def _with_alias(function: str) -> str:
    """The function with the alias live where none is named: without an alias it answers nothing."""
    parts = function.split(":")
    has_alias = len(parts) in (2, 4, 8)  # name:alias, account:function:name:alias, an ARN with an alias
    return function if has_alias else f"{function}:{_LIVE}"


def _error_of(query: Query, content: dict[str, Any]) -> OrchestratorError:
    """The error that the same question raises where the database is asked."""
    try:
        problem = QueryRefusal.model_validate(content).error
    except ValidationError:
        return QueryFailed("its answer cannot be read")
    if problem.code == "unknown_user":
        return UnknownUser(str(getattr(query, "user_id", None) or getattr(query, "message", {}).get("user_id", "")))
    if problem.code in ("invalid_query", "not_allowed"):
        return InvalidQuery(problem.code, problem.problem, problem.fix)
    field, _, what = problem.problem.partition(": ")
    return InvalidMessage(field, what, problem.fix, problem.code)
