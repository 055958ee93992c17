"""The errors that a caller can receive; each names the problem and the fix."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID


class OrchestratorError(Exception):
    """The base of all errors of this package."""


class SettingsError(OrchestratorError):
    """An environment variable is missing or malformed; the text names the variable, never its value."""


class SecretUnreadable(SettingsError):
    """A secret cannot be read, and no value of it is known; the text names its variable."""


class ClockWrong(OrchestratorError):
    """The host's clock differs from the database's by more than can be corrected (G6)."""


class InvocationFailed(OrchestratorError):
    """An invocation of a function failed; the text names the type of the error, its SQLSTATE and its place (G10)."""


class InvalidMessage(OrchestratorError, ValueError):
    """A message that cannot be accepted.

    Attributes:
        field: the name of the offending field in snake_case, or `body` for the whole message.
        problem: what is wrong with the field.
        fix: what to send instead.
        reason: the machine-readable reason, as in rejections and metrics.
    """

    def __init__(self, field: str, problem: str, fix: str, reason: str = "invalid_field") -> None:
        self.field = field
        self.problem = problem
        self.fix = fix
        self.reason = reason
        super().__init__(f"{field}: {problem}. {fix}.")


class InvalidQuery(OrchestratorError, ValueError):
    """A question that the query function cannot answer.

    Attributes:
        code: the machine-readable reason, such as `invalid_query` or `not_allowed`.
        problem: what is wrong.
        fix: what to ask instead.
    """

    def __init__(self, code: str, problem: str, fix: str) -> None:
        self.code = code
        self.problem = problem
        self.fix = fix
        super().__init__(f"{code}: {problem}. {fix}.")


class PublishFailed(OrchestratorError):
    """SQS did not take some messages; publishing the same ids again is safe.

    Attributes:
        message_ids: the messages that were not published.
    """

    def __init__(self, message_ids: Sequence[UUID], cause: str) -> None:
        self.message_ids = tuple(message_ids)
        listed = ", ".join(str(message_id) for message_id in self.message_ids[:10])
        super().__init__(
            f"{len(self.message_ids)} message(s) were not published ({cause}): {listed}. "
            "Publish them again with the same message_id; a repeated id is one message."
        )


class UnknownUser(OrchestratorError, LookupError):
    """No user has this id or external id."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        super().__init__(f"No user has the id or external id {user_id!r}. See `orchestrator user add`.")


class LegalHold(OrchestratorError):
    """A person's records must stay, because they are under a legal hold."""

    def __init__(self, user_id: UUID, note: str, held_at: datetime) -> None:
        self.user_id = user_id
        super().__init__(
            f"{user_id} is under a legal hold since {held_at:%Y-%m-%d}: {note}. Nothing was deleted. "
            "End the hold with `orchestrator privacy release` once the records may go."
        )


class InvalidPerson(OrchestratorError, ValueError):
    """A person's data that cannot be stored; `field` names what to correct."""

    def __init__(self, field: str, problem: str, fix: str) -> None:
        self.field = field
        super().__init__(f"{field}: {problem}. {fix}.")


class DatabaseExtraMissing(OrchestratorError, ImportError):
    """A call reads the database, but the `[db]` extra is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "This call reads the database. Install the extra that brings the driver: "
            'pip install "message-orchestrator[db]".'
        )
