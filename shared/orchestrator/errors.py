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


class MissingCredentials(SettingsError):
    """AWS accepts no credentials of this process: there are none, or they are not valid any more."""

    def __init__(self) -> None:
        super().__init__(
            "AWS credentials: there are none, or they are not valid any more. Give the agent a role, run `aws sso "
            "login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )


class MissingRegion(SettingsError):
    """No AWS region is configured, and the URL or ARN names none."""

    def __init__(self, variable: str) -> None:
        fix = "Set AWS_DEFAULT_REGION to the region of the stack."
        super().__init__(f"AWS_DEFAULT_REGION: is not set, and {variable} names no region. {fix}")


class MissingResource(SettingsError):
    """What a variable names does not exist: a queue, or a function with its alias."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"{variable}: names nothing that exists in its account and region. Copy it from the outputs of the stack "
            "(EnqueueQueueUrl, QueryFunctionArn); an agent's own alias is made once: docs/agents.md."
        )


class NotAllowed(SettingsError):
    """The role of this process may not use what a variable names."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"{variable}: this role may not use it. Attach the stack's policy to it: PublisherPolicyArn to publish, "
            "AskerPolicyArn to ask, or the policy of docs/agents.md for an agent's own alias."
        )


class QueryFailed(OrchestratorError):
    """The question could not be answered now; nothing is wrong with it, and it may be asked again."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"The question was not answered ({cause}). Ask again; nothing was changed.")


class MessageNotSent(OrchestratorError):
    """A message ended without being sent, or its text did not arrive, so that no answer to it can come.

    Attributes:
        message_id: the message.
        state, reason: how it ended.
        next_step: what the agent has to do, in one sentence.
    """

    def __init__(self, message_id: UUID, state: str, reason: str | None, next_step: str) -> None:
        self.message_id = message_id
        self.state = state
        self.reason = reason
        self.next_step = next_step
        super().__init__(f"{message_id} ended as {state}{f' ({reason})' if reason else ''}. {next_step}")


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
